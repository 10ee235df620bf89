package io.narthex.core;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.service.plugins.PluginService.PluginInfo;
import io.narthex.service.plugins.PluginService.State;
import java.util.List;
import org.junit.jupiter.api.Test;

class StorageProblemTest {
  private static final String WAITING = "put the jar of `tsdb` there"; // its wording is free

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
    assertThat(Boot.storageProblem("tsdb", WAITING, true, plugins))
        .isEqualTo("storage-tsdb.jar: no space left on device");
    assertThat(Boot.storageProblem("tsdb", "waiting for plugin of the lock", false, plugins))
        .isEqualTo("waiting for plugin of the lock");
    assertThat(Boot.storageProblem("tsdb", WAITING, true, plugins.subList(0, 1)))
        .isEqualTo(WAITING);
  }
}
