package io.narthex.core.plugin;

import static io.narthex.core.plugin.PluginStage.jar;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PluginManagerTest {
  @TempDir Path folder;

  private static void targetIs(PluginStage stage, String address) {
    PluginStage.await(
        () -> List.of(address).equals(stage.targets.get("scrape/a")),
        () -> stage.targets + " " + stage.looks("acme"));
  }

  @Test
  void refusedUpdateIsShownAtItsPluginAndDoesNotComeBackAtTheNextStart() {
    try (PluginStage stage = new PluginStage(folder).start()) {
      stage.useDiscovery();
      stage.drop("good.jar", jar("acme", "1.0.0", "find one:1"));
      targetIs(stage, "one:1");
      stage.drop("good.jar", jar("acme", "3.0.0", "throw constructor"));
      stage.awaitPlugin(
          "acme", "1.0.0 RUNNING 3\\.0\\.0 of good\\.jar refused: .*boom.*; runs 1\\.0\\.0.*");
      assertThat(stage.manager.plugins()).hasSize(1);
    }
    try (PluginStage stage = new PluginStage(folder).start()) {
      stage.useDiscovery();
      stage.awaitPlugin(
          "acme", "1.0.0 RUNNING 3\\.0\\.0 of good\\.jar refused: .*boom.*; runs 1\\.0\\.0.*");
      targetIs(stage, "one:1");
      stage.drop("good.jar", jar("acme", "4.0.0", "find four:1"));
      targetIs(stage, "four:1");
      stage.awaitPlugin("acme", "4\\.0\\.0 RUNNING");
    }
  }

  @Test
  void enablingTriesARefusedUpdateAgain() {
    try (PluginStage stage = new PluginStage(folder).start()) {
      stage.useDiscovery();
      stage.drop("good.jar", jar("acme", "1.0.0", "find one:1"));
      targetIs(stage, "one:1");
      stage.drop("good.jar", jar("acme", "3.0.0", "throw constructor"));
      stage.awaitPlugin("acme", "1.0.0 RUNNING 3\\.0\\.0 of good\\.jar refused: .*");
      assertThatThrownBy(() -> stage.manager.enable("acme", "me")).hasMessageContaining("boom");
      stage.awaitPlugin("acme", "1.0.0 RUNNING 3\\.0\\.0 of good\\.jar refused: .*");
      targetIs(stage, "one:1");
    }
  }

  @Test
  void jarThatCameWhileTheServerWasDownAndDoesNotStartGivesWayToTheOneBefore() {
    try (PluginStage stage = new PluginStage(folder).start()) {
      stage.drop("good.jar", jar("acme", "1.0.0", "find one:1"));
      stage.awaitPlugin("acme", "1.0.0 RUNNING");
    }
    try (PluginStage stage = new PluginStage(folder)) {
      stage.drop("good.jar", jar("acme", "3.0.0", "throw constructor"));
      stage.useDiscovery();
      stage.start();
      stage.awaitPlugin(
          "acme", "1.0.0 RUNNING 3\\.0\\.0 of good\\.jar refused: .*; runs 1\\.0\\.0.*");
      targetIs(stage, "one:1");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "exit constructor",
        "halt constructor",
        "exit open",
        "halt open",
        "exit run",
        "halt run"
      })
  void pluginThatEndsTheProcessTwiceInARowIsQuarantined(String behaviour) throws IOException {
    new PluginStage(folder).close();
    Files.write(folder.resolve("plugins/bad.jar"), jar("bad", "2.0.0", behaviour));
    assertThat(PluginStage.process(folder)).isEqualTo(7);
    assertThat(PluginStage.process(folder)).isEqualTo(7);
    try (PluginStage stage = new PluginStage(folder).start()) {
      stage.useDiscovery();
      assertThat(stage.looks("bad"))
          .startsWith("2.0.0 QUARANTINED 2.0.0 ended the server 2 times in a row, last ");
      if (behaviour.startsWith("exit")) {
        assertThat(stage.looks("bad"))
            .contains("by System.exit, called at io.acme.scripted.Script.maybeThrow");
      }
    }
  }

  @Test
  void versionBeforeRunsInsteadOfOneThatEndsTheProcess() throws IOException {
    try (PluginStage stage = new PluginStage(folder).start()) {
      stage.drop("good.jar", jar("acme", "1.0.0", "find one:1"));
      stage.awaitPlugin("acme", "1.0.0 RUNNING");
    }
    Files.write(folder.resolve("plugins/good.jar"), jar("acme", "2.0.0", "halt run"));
    assertThat(PluginStage.process(folder)).isEqualTo(7);
    assertThat(PluginStage.process(folder)).isEqualTo(7);
    for (int start = 0; start < 2; start++) {
      try (PluginStage stage = new PluginStage(folder).start()) {
        stage.useDiscovery();
        targetIs(stage, "one:1");
        assertThat(stage.looks("acme"))
            .startsWith(
                "1.0.0 RUNNING 2.0.0 of good.jar is quarantined: 2.0.0 ended the server 2 times");
      }
    }
  }

  @Test
  void jarWithAShippedIdThatServesSomethingElseIsRefused() throws IOException {
    try (PluginStage stage = new PluginStage(folder)) {
      Files.write(folder.resolve("shipped/acme.jar"), jar("acme", "1.0.0", "find one:1"));
      stage.useDiscovery();
      stage.start();
      targetIs(stage, "one:1");
      byte[] impostor = jar("acme", "9.0.0", "type bad");
      stage.drop("impostor.jar", impostor);
      stage.awaitPlugin(
          "impostor.jar",
          "FAILED 9\\.0\\.0 of acme does not serve discovery:scripted, which the version that runs"
              + " is shipped for; .*");
      assertThat(stage.looks("acme")).isEqualTo("1.0.0 RUNNING");
      assertThatThrownBy(() ->
              stage.manager.install("up.jar", new ByteArrayInputStream(impostor), false, "me"))
          .hasMessageContaining("does not serve discovery:scripted");
      Files.delete(stage.drop.resolve("impostor.jar"));
      PluginStage.await(() -> stage.manager.plugin("impostor.jar") == null, () -> "still there");
      stage.manager.install("up.jar", new ByteArrayInputStream(impostor), true, "me");
      assertThat(stage.plugin("acme").kinds()).containsExactly("discovery:bad");
    }
    try (PluginStage stage = new PluginStage(folder).start()) {
      assertThat(stage.looks("acme")).isEqualTo("9.0.0 RUNNING"); // what an admin forced stays
    }
  }

  @Test
  void exceptionOutOfOpenIsShownWithItsClassAndPlace() {
    try (PluginStage stage = new PluginStage(folder).start()) {
      stage.useDiscovery();
      stage.drop("bad.jar", jar("bad", "1.0.0", "throw open"));
      stage.awaitPlugin(
          "bad",
          "1\\.0\\.0 FAILED self-test failed: java\\.lang\\.IllegalStateException: boom in open at"
              + " io\\.acme\\.scripted\\.Script\\.maybeThrow\\(Script\\.java:\\d+\\).*");
    }
  }

  @Test
  void keptJarThatWasChangedDoesNotRun() throws IOException {
    try (PluginStage stage = new PluginStage(folder).start()) {
      stage.drop("good.jar", jar("acme", "1.0.0", "find one:1"));
      stage.awaitPlugin("acme", "1\\.0\\.0 RUNNING");
      stage.drop("good.jar", jar("acme", "2.0.0", "find two:1"));
      stage.awaitPlugin("acme", "2\\.0\\.0 RUNNING");
      try (DirectoryStream<Path> kept =
          Files.newDirectoryStream(stage.state.resolve("former/acme"), "1.0.0-*.jar")) {
        Path first = kept.iterator().next();
        FileTime time = Files.getLastModifiedTime(first);
        Files.write(first, jar("acme", "1.0.0", "find evil:1"));
        Files.setLastModifiedTime(first, time);
      }
      assertThatThrownBy(() -> stage.manager.rollback("acme", "me"))
          .hasMessageContaining("has been changed: its digest is");
      assertThat(stage.looks("acme")).isEqualTo("2.0.0 RUNNING");
    }
  }
}
