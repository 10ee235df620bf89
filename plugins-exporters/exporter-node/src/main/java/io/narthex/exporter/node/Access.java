package io.narthex.exporter.node;

import io.narthex.spi.plugin.PluginContext;
import java.time.Clock;
import java.util.function.Consumer;

/**
 * What collectors need besides files; tests replace it.
 *
 * @param netlink asks the kernel through sockets
 * @param space asks a file system how full it is
 * @param threads starts a thread of the host
 */
record Access(
    Clock clock, Netlink netlink, FileSystemStat.Source space, Consumer<Runnable> threads) {
  /** Returns the real thing. */
  static Access of(PluginContext context) {
    return new Access(
        context.clock(),
        new KernelNetlink(),
        FileSystemStat::of,
        task -> {
          Thread _ = context.start(task);
        });
  }
}
