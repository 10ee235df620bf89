package io.narthex.core.plugin;

import static io.narthex.core.plugin.PluginStage.jar;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.narthex.config.yaml.YamlReader;
import io.narthex.core.host.ProviderRegistry;
import io.narthex.core.host.ProviderRegistry.Kind;
import io.narthex.core.host.ProviderRegistry.Provider;
import io.narthex.core.plugin.jars.Jars;
import io.narthex.service.plugins.PluginProblem;
import io.narthex.spi.config.ConfigNode.Mapping;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.lang.ref.WeakReference;
import java.lang.reflect.Proxy;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.osgi.service.component.runtime.ServiceComponentRuntime;
import org.slf4j.LoggerFactory;

class PluginManagerTest {
  @TempDir Path folder;

  private static void targetIs(PluginStage stage, String address) {
    PluginStage.await(
        () -> List.of(address).equals(stage.targets.get("scrape/a")),
        () -> stage.targets + " " + stage.manager.plugins());
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

  @Test
  void wordsOfAPluginDoNotDecideWhatHappensToIt() {
    try (PluginStage stage = new PluginStage(folder).start()) {
      stage.drop("good.jar", jar("acme", "1.0.0", "find one:1"));
      stage.awaitPlugin("acme", "1.0.0 RUNNING");
    }
    try (PluginStage stage = new PluginStage(folder)) {
      stage.drop("good.jar", jar("acme", "3.0.0", "refuse x is already served by plugin `y`"));
      stage.useDiscovery();
      stage.start();
      stage.awaitPlugin(
          "acme", "1.0.0 RUNNING 3\\.0\\.0 of good\\.jar refused: .*; runs 1\\.0\\.0.*");
      stage.drop("bad.jar", jar("other", "1.0.0", "refuse failed to start: needs rest"));
      stage.awaitPlugin("other", "1\\.0\\.0 FAILED .*");
      assertThat(stage.plugin("other").problem()).isEqualTo(PluginProblem.SETTINGS);
    }
  }

  @Test
  void pluginWhoseSettingsAreWrongWaitsForTheReloadThatMendsThem() {
    try (PluginStage stage = new PluginStage(folder).start()) {
      stage.exporters.settings(narthex("scripted: {nosuch: 1}"), folder);
      stage.drop("e.jar", jar("acme", "1.0.0", "run", PluginStage.Serves.EXPORTER));
      stage.awaitPlugin("acme", "1.0.0 FAILED narthex.yml:1:12: field nosuch not found.*");
      assertThat(stage.plugin("acme").problem()).isEqualTo(PluginProblem.SETTINGS);
      stage.exporters.settings(narthex("scripted: {nosuch: 2, other: 1}"), folder);
      stage.manager.settingsChanged();
      stage.awaitPlugin("acme", "1.0.0 FAILED narthex.yml:1:12: field nosuch not found.*");
      stage.exporters.settings(narthex("scripted: {}"), folder);
      stage.manager.settingsChanged();
      stage.awaitPlugin("acme", "1.0.0 RUNNING");
      assertThat(stage.exporters.types()).containsExactly("scripted");
    }
  }

  private static Mapping narthex(String exporters) {
    return (Mapping) YamlReader.read("narthex.yml", exporters);
  }

  @ParameterizedTest
  @CsvSource({
    "Import-Package: com.example.absent, needs package com\\.example\\.absent.*",
    "'Require-Capability: osgi.ee;filter:=\"(&(osgi.ee=JavaSE)(version=99))\"',"
        + " needs a newer Java than \\d+"
  })
  void pluginThatNeedsWhatIsNotThereIsShownAsSuch(String header, String reason) throws IOException {
    try (PluginStage stage = new PluginStage(folder).start()) {
      stage.drop(
          "needy.jar",
          Jars.bytes(
              Map.of(
                  "META-INF/MANIFEST.MF",
                  "Manifest-Version: 1.0\nBundle-ManifestVersion: 2\n"
                      + "Bundle-SymbolicName: needy\n"
                      + header
                      + "\n")));
      stage.awaitPlugin("needy", "0\\.0\\.0 NEEDS " + reason);
      assertThat(stage.plugin("needy").problem()).isEqualTo(PluginProblem.NEEDS);
    }
  }

  @Test
  void blockServedByAnotherPluginIsFreedWhenThatOneGoes() {
    try (PluginStage stage = new PluginStage(folder).start()) {
      stage.drop("a.jar", jar("a", "1.0.0", "find one:1"));
      stage.awaitPlugin("a", "1\\.0\\.0 RUNNING");
      stage.drop("b.jar", jar("b", "1.0.0", "find two:1"));
      stage.awaitPlugin("b", "1\\.0\\.0 FAILED .*");
      assertThat(stage.plugin("b").problem()).isEqualTo(PluginProblem.TAKEN);
      stage.manager.remove("a", "me");
      stage.awaitPlugin("b", "1\\.0\\.0 RUNNING");
      assertThat(stage.plugin("b").problem()).isNull();
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
  void pluginsOfTheDistributionTakeNoLineEachAtTheStart() throws IOException {
    Logger logger = (Logger) LoggerFactory.getLogger(PluginVersions.class);
    ListAppender<ILoggingEvent> logged = new ListAppender<>();
    logged.start();
    logger.addAppender(logged);
    logger.setLevel(Level.INFO);
    try (PluginStage stage = new PluginStage(folder)) {
      Files.write(folder.resolve("shipped/acme.jar"), jar("acme", "1.0.0", "find one:1"));
      Files.write(folder.resolve("plugins/x.jar"), jar("x", "1.0.0", "type other"));
      stage.start();
      assertThat(stage.looks("acme")).isEqualTo("1.0.0 RUNNING");
    } finally {
      logger.setLevel(null);
      logger.detachAppender(logged);
    }
    assertThat(logged.list)
        .extracting(ILoggingEvent::getFormattedMessage)
        .containsExactly("plugin x 1.0.0 started from x.jar");
  }

  @Test
  @Timeout(60)
  void jarThatIsDeletedWhileItStartsIsNotWaitedFor() throws IOException {
    try (PluginStage stage = new PluginStage(folder).start()) {
      stage.drop("slow.jar", jar("slow", "1.0.0", "wait constructor"));
      PluginStage.await( // it is inside, no longer being copied
          () ->
              stage.guard.metrics().calls("slow").stream()
                  .anyMatch(c -> c.operation().equals("start") && c.inFlight() == 1),
          () -> stage.looks("slow"));
      assertThat(stage.looks("slow")).isEqualTo("1.0.0 STARTING");
      Files.delete(stage.drop.resolve("slow.jar"));
      long deleted = System.nanoTime();
      PluginStage.await(() -> stage.manager.plugins().isEmpty(), () -> stage.looks("slow"));
      assertThat(stage.manager.audit("slow", 10).getLast().result())
          .isEqualTo("failed to start: starting slow was given up: its file was deleted");
      // far less than the deadline of a start
      assertThat(System.nanoTime() - deleted).isLessThan(TimeUnit.SECONDS.toNanos(8));
    }
  }

  @Test
  void pluginOfTheDistributionIsKeptOnceABlockUsesIt() throws IOException {
    try (PluginStage stage = new PluginStage(folder)) {
      Files.write(folder.resolve("shipped/acme.jar"), jar("acme", "1.0.0", "find one:1"));
      Files.write(folder.resolve("shipped/idle.jar"), jar("idle", "1.0.0", "type other"));
      stage.start();
      stage.useDiscovery();
      PluginStage.await(
          () -> stage.manager.keptVersions("acme").equals(List.of("1.0.0")),
          () -> "kept: " + stage.manager.keptVersions("acme"));
      assertThat(stage.manager.keptVersions("idle")).isEmpty();
    }
    // the next distribution
    Files.write(folder.resolve("shipped/acme.jar"), jar("acme", "2.0.0", "find two:1"));
    try (PluginStage stage = new PluginStage(folder)) {
      stage.useDiscovery();
      stage.start();
      targetIs(stage, "two:1");
      stage.manager.rollback("acme", "me");
      targetIs(stage, "one:1");
    }
  }

  @Test
  void pluginOfTheDistributionIsKeptBeforeAUsersTakesItsPlace() throws IOException {
    try (PluginStage stage = new PluginStage(folder)) {
      Files.write(folder.resolve("shipped/acme.jar"), jar("acme", "1.0.0", "find one:1"));
      stage.start();
      stage.manager.install(
          "up.jar", new ByteArrayInputStream(jar("acme", "2.0.0", "find two:1")), false, "me");
      assertThat(stage.plugin("acme").undoVersion()).isEqualTo("1.0.0");
      Files.delete(folder.resolve("shipped/acme.jar")); // the next distribution has none
      stage.manager.rollback("acme", "me");
      assertThat(stage.looks("acme")).startsWith("1.0.0 RUNNING");
    }
  }

  @Test
  void componentsOfTheServerAreAskedForAtMostOnceASecondHoweverOftenTheListIs() throws Exception {
    AtomicInteger asked = new AtomicInteger();
    try (PluginStage stage = new PluginStage(folder)) {
      for (String name : List.of("io.narthex.a", "io.narthex.b")) {
        stage
            .framework()
            .installBundle(
                name,
                new ByteArrayInputStream(
                    Jars.bytes(
                        Map.of(
                            "META-INF/MANIFEST.MF",
                            "Manifest-Version: 1.0\nBundle-ManifestVersion: 2\n"
                                + "Bundle-SymbolicName: "
                                + name
                                + "\n"))))
            .start();
      }
      stage
          .framework()
          .registerService(
              ServiceComponentRuntime.class,
              (ServiceComponentRuntime)
                  Proxy.newProxyInstance(
                      ServiceComponentRuntime.class.getClassLoader(),
                      new Class<?>[] {ServiceComponentRuntime.class},
                      (proxy, method, arguments) -> {
                        if (method.getName().equals("getComponentDescriptionDTOs")) {
                          asked.incrementAndGet();
                          return List.of();
                        }
                        return method.getName().equals("hashCode") ? (Object) 1 : null;
                      }),
              null);
      stage.start();
      long began = System.nanoTime();
      for (int i = 0; i < 1000; i++) {
        assertThat(stage.manager.plugins()).hasSize(2);
      }
      long seconds = (System.nanoTime() - began) / 1_000_000_000;
      assertThat(asked.get()).isBetween(2, (int) (2 * (seconds + 2)));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "open, FAILED, self-test failed: .*OutOfMemoryError.*",
    "run, QUARANTINED, .*failed 5 times in a row.*OutOfMemoryError.*"
  })
  void outOfMemoryIsTheFaultOfThePluginAndOthersGoOn(String where, String state, String reason) {
    try (PluginStage stage = new PluginStage(folder).start()) {
      stage.useDiscovery();
      stage.drop("other.jar", jar("other", "1.0.0", "type other"));
      stage.awaitPlugin("other", "1\\.0\\.0 RUNNING");
      stage.drop("big.jar", jar("big", "1.0.0", "oversize " + where));
      stage.awaitPlugin("big", "1\\.0\\.0 " + state + " (?s)" + reason);
      assertThat(stage.looks("other")).isEqualTo("1.0.0 RUNNING");
      stage.drop("big.jar", jar("big", "2.0.0", "find two:1"));
      targetIs(stage, "two:1");
    }
  }

  @Test
  @Timeout(60)
  void threadLocalsOfAPluginDoNotOutliveIt() throws Exception {
    try (PluginStage stage = new PluginStage(folder).start()) {
      stage.useDiscovery();
      List<WeakReference<ClassLoader>> loaders = new ArrayList<>();
      for (String where : List.of("constructor", "open", "run")) {
        stage.drop("x.jar", jar("x", "1.0.0", "local " + where));
        targetIs(stage, ""); // it runs
        loaders.add(
            new WeakReference<>(
                Objects.requireNonNull(stage.registry.find(Kind.DISCOVERY, "scripted"))
                    .service()
                    .getClass()
                    .getClassLoader()));
        stage.manager.remove("x", "me");
        PluginStage.await(
            () -> !List.of("").equals(stage.targets.get("scrape/a")), () -> "" + stage.targets);
      }
      PluginStage.await(
          () -> {
            System.gc();
            return loaders.stream().allMatch(l -> l.get() == null);
          },
          () -> "alive: " + loaders.stream().map(l -> l.get() != null).toList());
      assertThat(stage.manager.removedWithLeftovers()).isEmpty();
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

  @ParameterizedTest
  @CsvSource({
    "no record, configType\\(\\) returns java\\.lang\\.String.*",
    "null record, configType\\(\\) returns null;.*"
  })
  void recordThatCannotBeBoundIsNamed(String behaviour, String problem) {
    try (PluginStage stage = new PluginStage(folder).start()) {
      stage.drop("bad.jar", jar("bad", "1.0.0", behaviour));
      stage.awaitPlugin("bad", "1\\.0\\.0 FAILED settings of discovery:scripted: " + problem);
    }
  }

  @Test
  void complaintAboutAVersionThatIsGoneDoesNotStopTheNextOne() {
    try (PluginStage stage = new PluginStage(folder).start()) {
      stage.useDiscovery();
      stage.drop("x.jar", jar("x", "1.0.0", "find one:1"));
      targetIs(stage, "one:1");
      Provider previous = Objects.requireNonNull(stage.registry.find(Kind.DISCOVERY, "scripted"));
      stage.drop("x.jar", jar("x", "2.0.0", "find two:1"));
      targetIs(stage, "two:1");
      stage.guard.reportRepeatedCrashes(previous, "the version before crashed");
      stage.drop("y.jar", jar("y", "1.0.0", "type other")); // handled after the complaint
      stage.awaitPlugin("y", "1\\.0\\.0 RUNNING");
      assertThat(stage.looks("x")).isEqualTo("2.0.0 RUNNING");
    }
  }

  @Test
  void complaintAtTheEndOfTheServerIsDropped() {
    PluginStage stage = new PluginStage(folder).start();
    stage.useDiscovery();
    stage.drop("x.jar", jar("x", "1.0.0", "find one:1"));
    targetIs(stage, "one:1");
    Provider provider = Objects.requireNonNull(stage.registry.find(Kind.DISCOVERY, "scripted"));
    stage.close();
    stage.guard.reportRepeatedCrashes(provider, "late"); // throws nothing
  }

  @Test
  void pluginThatCannotBeTakenOutStaysKnown() {
    try (PluginStage stage = new PluginStage(folder).start()) {
      stage.useDiscovery();
      stage.drop("x.jar", jar("x", "1.0.0", "find one:1"));
      targetIs(stage, "one:1");
      AtomicBoolean refuses = new AtomicBoolean(true);
      stage.registry.listen(
          new ProviderRegistry.Listener() {
            @Override
            public void probe(Provider candidate) {}

            @Override
            public void changed(Kind kind, String type, @Nullable Provider now) {
              if (now == null && refuses.get()) {
                throw new IllegalStateException("cannot let go");
              }
            }
          });
      assertThatThrownBy(() -> stage.manager.disable("x", "me"))
          .hasMessageContaining("cannot let go");
      assertThat(stage.looks("x")).isEqualTo("1.0.0 RUNNING");
      assertThat(stage.plugin("x").kinds()).containsExactly("discovery:scripted");
      refuses.set(false);
      stage.manager.disable("x", "me");
      assertThat(stage.looks("x")).startsWith("1.0.0 STOPPED");
    }
  }

  @Test
  void uploadThatDoesNotFitIntoTheFolderChangesNothing() throws IOException {
    try (PluginStage stage = new PluginStage(folder).start()) {
      stage.drop("x.jar", jar("x", "1.0.0", "find one:1"));
      stage.awaitPlugin("x", "1\\.0\\.0 RUNNING");
      // what a full disk does, too: the copy beside the jar cannot be written
      Files.createDirectories(stage.drop.resolve(".x.jar.tmp/in the way"));
      byte[] next = jar("x", "2.0.0", "find two:1");
      assertThatThrownBy(
              () -> stage.manager.install("x.jar", new ByteArrayInputStream(next), false, "me"))
          .isInstanceOf(IOException.class);
      assertThat(stage.looks("x")).isEqualTo("1.0.0 RUNNING");
    }
  }

  @Test
  void undoCanBeTakenBack() {
    try (PluginStage stage = new PluginStage(folder).start()) {
      stage.useDiscovery();
      stage.drop("x.jar", jar("x", "1.0.0", "find one:1"));
      targetIs(stage, "one:1");
      stage.drop("x.jar", jar("x", "2.0.0", "find two:1"));
      targetIs(stage, "two:1");
      stage.manager.rollback("x", "me");
      targetIs(stage, "one:1");
      assertThat(stage.looks("x"))
          .isEqualTo(
              "1.0.0 RUNNING version 1.0.0 by undo; its file holds another, which `narthex plugin"
                  + " enable x` brings back");
      stage.manager.enable("x", "me");
      targetIs(stage, "two:1");
      assertThat(stage.looks("x")).isEqualTo("2.0.0 RUNNING");
    }
  }

  @Test
  @Timeout(60)
  void decisionsOfAbsentPluginsAreToldDuringAChange() throws Exception {
    try (PluginStage stage = new PluginStage(folder).start()) {
      stage.drop("slow.jar", jar("slow", "1.0.0", "wait constructor"));
      stage.awaitPlugin("slow", "1\\.0\\.0 STARTING"); // a change is being made
      FutureTask<Map<String, List<String>>> asked =
          new FutureTask<>(stage.manager::decisionsOfAbsent);
      Thread.ofPlatform().name("reader").start(asked);
      assertThat(asked.get(5, TimeUnit.SECONDS)).as("the change takes 10 s").isEmpty();
      assertThat(stage.looks("slow")).as("it still is").isEqualTo("1.0.0 STARTING");
    }
  }

  @Test
  void secondFileOfAnIdTakesOverAndItsRefusalGoes() throws IOException {
    try (PluginStage stage = new PluginStage(folder).start()) {
      stage.useDiscovery();
      stage.drop("a.jar", jar("x", "1.0.0", "find one:1"));
      targetIs(stage, "one:1");
      stage.drop("b.jar", jar("x", "1.0.0", "find two:1"));
      stage.awaitPlugin("b.jar", "FAILED version 1\\.0\\.0 of x runs already, .*");
      Files.delete(stage.drop.resolve("a.jar"));
      targetIs(stage, "two:1");
      stage.awaitPlugin("x", "1\\.0\\.0 RUNNING");
      assertThat(stage.manager.plugin("b.jar")).isNull();
    }
  }
}
