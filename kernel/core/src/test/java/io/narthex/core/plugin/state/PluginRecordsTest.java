package io.narthex.core.plugin.state;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.core.plugin.jars.JarInspector;
import io.narthex.core.plugin.jars.JarInspector.JarInfo;
import io.narthex.core.plugin.jars.Jars;
import io.narthex.service.plugins.PluginService.AuditEntry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Audit log, settings and kept jars: what is remembered over restarts. */
class PluginRecordsTest {
  @TempDir Path folder;
  private final Clock clock = Clock.fixed(Instant.ofEpochMilli(1_700_000_000_123L), ZoneOffset.UTC);

  @Test
  void auditLogOutlivesARestart() throws IOException {
    Path file = folder.resolve("audit.jsonl");
    AuditLog log = new AuditLog(file, clock);
    log.add("admin", "install", "a", "1.0.0", "ab", "ok");
    log.add("drop \"folder\"", "update", "b", "1.0.0", "cd", "line\nbreak \\ and \u0001");
    Files.writeString(file, "{\"time\":\"cut sho", StandardOpenOption.APPEND);
    AuditLog again = new AuditLog(file, clock);
    assertThat(again.newest(null, 10)).isEqualTo(log.newest(null, 10)).hasSize(2);
    assertThat(again.newest("a", 10))
        .containsExactly(
            new AuditEntry(1_700_000_000_123L, "admin", "install", "a", "1.0.0", "ab", "ok"));
    assertThat(again.newest(null, 1)).hasSize(1);
    again.add("admin", "remove", "a", "1.0.0", "ab", "ok");
    again.add("admin", "install", "a", "1.0.1", "ef", "ok");
    assertThat(new AuditLog(file, clock).newest(null, 10))
        .as("the line that was cut short takes no other along")
        .isEqualTo(again.newest(null, 10))
        .hasSize(4);
  }

  @Test
  void decisionsOutliveARestart() {
    Path file = folder.resolve("plugins.properties");
    PluginDecisions decisions = new PluginDecisions(file);
    decisions.disabled("a", true);
    decisions.pin("b", "1.0.0-abc.jar", "ffff", "");
    PluginDecisions again = new PluginDecisions(file);
    assertThat(again.disabled("a")).isTrue();
    assertThat(again.disabled("b")).isFalse();
    assertThat(again.pin("b")).isEqualTo("1.0.0-abc.jar");
    assertThat(again.pinnedInsteadOf("b")).isEqualTo("ffff");
    again.disabled("a", false);
    again.unpin("b");
    PluginDecisions third = new PluginDecisions(file);
    assertThat(third.disabled("a")).isFalse();
    assertThat(third.pin("b")).isEmpty();
    assertThat(third.pinnedInsteadOf("b")).isEmpty();
  }

  @Test
  void keptJarsAreWalkedBackOneByOne() throws IOException {
    KeptJars jars = new KeptJars(folder, clock);
    List<JarInfo> infos = List.of(kept(jars, "1"), kept(jars, "2"), kept(jars, "3"));
    Path second = Objects.requireNonNull(jars.before("a", infos.get(2).sha256()));
    assertThat(KeptJars.versionOf(second)).isEqualTo("2.0.0");
    Path first = Objects.requireNonNull(jars.before("a", infos.get(1).sha256()));
    assertThat(KeptJars.versionOf(first)).isEqualTo("1.0.0");
    assertThat(jars.before("a", infos.get(0).sha256())).isNull();
    assertThat(jars.before("unknown", infos.get(0).sha256())).isNull();
    assertThat(JarInspector.inspect(first, "a-1.jar").sha256()).isEqualTo(infos.get(0).sha256());
  }

  @Test
  void onlyTheNewestJarsAreKept() throws IOException {
    KeptJars jars = new KeptJars(folder, clock);
    for (int i = 1; i <= 14; i++) {
      kept(jars, Integer.toString(i));
    }
    try (var files = Files.list(folder.resolve("former").resolve("a"))) {
      assertThat(files.map(KeptJars::versionOf).toList())
          .hasSize(10)
          .contains("14.0.0", "5.0.0")
          .doesNotContain("4.0.0");
    }
  }

  private JarInfo kept(KeptJars jars, String version) throws IOException {
    Path file =
        Jars.write(
            folder.resolve("a-" + version + ".jar"), Map.of(Jars.DISCOVERY_SERVICE, version));
    JarInfo info = JarInspector.inspect(file, "a-" + version + ".jar");
    jars.keep(jars.copy(file, info, true), info);
    return info;
  }
}
