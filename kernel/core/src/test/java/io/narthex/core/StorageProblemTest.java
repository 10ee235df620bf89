package io.narthex.core;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.service.plugins.PluginService.PluginInfo;
import io.narthex.service.plugins.PluginService.State;
import java.util.List;
import org.junit.jupiter.api.Test;

class StorageProblemTest {
  private static final String WAITING = "waiting for plugin `tsdb`; put its jar there";

  private static PluginInfo plugin(String file, State state, String reason) {
    return new PluginInfo(
        file, file, List.of(), "", state, reason, "user", file, "", 0, 0, List.of(), null, 0, "");
  }

  @Test
  void namesTheCauseThatKeptTheStoragePluginAway() {
    List<PluginInfo> plugins =
        List.of(
            plugin("discovery-dns.jar", State.WAITING, "no block uses it"),
            plugin("discovery-file.jar", State.FAILED, "no space left on device"),
            plugin("exporter-jvm.jar", State.RUNNING, ""),
            plugin("notifier-slack.jar", State.FAILED, "no space left on device"),
            plugin("storage-tsdb.jar", State.FAILED, "no space left on device"));
    assertThat(Kernel.storageProblem("tsdb", WAITING, plugins))
        .isEqualTo("storage-tsdb.jar: no space left on device");
    assertThat(Kernel.storageProblem("tsdb", "the lock is taken", plugins))
        .isEqualTo("the lock is taken");
    assertThat(Kernel.storageProblem("tsdb", WAITING, plugins.subList(0, 1))).isEqualTo(WAITING);
  }
}
