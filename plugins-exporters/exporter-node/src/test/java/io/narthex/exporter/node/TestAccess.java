package io.narthex.exporter.node;

import io.narthex.exposition.family.MetricTexts;
import java.time.Clock;
import java.util.List;
import org.jspecify.annotations.NullUnmarked;

/** What collectors need besides files, for tests. */
@NullUnmarked
final class TestAccess {
  private TestAccess() {}

  static Access with(Netlink netlink) {
    return with(netlink, FileSystemStat::of);
  }

  static Access with(Netlink netlink, FileSystemStat.Source space) {
    return new Access(
        Clock.systemUTC(),
        netlink,
        space,
        task -> Thread.ofPlatform().daemon().name("mounts").start(task),
        MetricTexts::read,
        List.of());
  }
}
