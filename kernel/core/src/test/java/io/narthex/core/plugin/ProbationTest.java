package io.narthex.core.plugin;

import static io.narthex.core.plugin.PluginStage.jar;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.core.plugin.PluginStage.Serves;
import io.narthex.model.Exemplar;
import io.narthex.model.Labels;
import io.narthex.model.MetricMetadata;
import io.narthex.model.NativeHistogram;
import io.narthex.service.config.AlertmanagerConfig;
import io.narthex.service.config.AlertmanagerConfig.Block;
import io.narthex.service.config.AlertmanagerConfig.Receiver;
import io.narthex.service.notify.NotifierService.Integration;
import io.narthex.service.plugins.PluginProblem;
import io.narthex.service.query.FunctionRegistry;
import io.narthex.spi.config.ConfigNode;
import io.narthex.spi.exporter.MetricSink;
import io.narthex.spi.function.FunctionCall;
import io.narthex.spi.function.PromqlFunction.OfScalars;
import io.narthex.spi.notifier.Notification;
import io.narthex.spi.notifier.SendResult;
import io.narthex.spi.notifier.TemplateRenderer;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Updates that fail after they have taken over. */
class ProbationTest {
  private static final String BACK = "1\\.0\\.0 RUNNING 2\\.0\\.0 of x\\.jar (failed|is quar).*";

  @TempDir Path folder;

  private PluginStage stage(Duration probation) {
    return new PluginStage(folder, PluginStage.limits(probation)).start();
  }

  @Test
  void crashLoopingDiscoveryGoesBackWithItsTargets() {
    try (PluginStage stage = stage(Duration.ofMinutes(1))) {
      stage.useDiscovery();
      stage.drop("x.jar", jar("x", "1.0.0", "find one:1"));
      targetsAre(stage, "one:1");
      stage.drop("x.jar", jar("x", "2.0.0", "throw run"));
      stage.awaitPlugin("x", BACK);
      targetsAre(stage, "one:1");
    }
    try (PluginStage stage = stage(Duration.ofMinutes(1))) {
      stage.useDiscovery();
      targetsAre(stage, "one:1");
      assertThat(stage.looks("x")).matches(BACK); // over restarts, too
    }
  }

  @Test
  void hangingDiscoveryGoesBackAtTheEndOfItsProbation() {
    try (PluginStage stage = stage(Duration.ofMillis(500))) {
      stage.useDiscovery();
      stage.drop("x.jar", jar("x", "1.0.0", "find one:1"));
      targetsAre(stage, "one:1");
      stage.drop("x.jar", jar("x", "2.0.0", "hang"));
      stage.awaitPlugin("x", BACK);
      targetsAre(stage, "one:1");
    }
  }

  private static void targetsAre(PluginStage stage, String address) {
    PluginStage.await(
        () -> List.of(address).equals(stage.targets.get("scrape/a")), () -> "" + stage.targets);
  }

  @ParameterizedTest
  @Timeout(60)
  @ValueSource(strings = {"throw send", "fatal send", "wait send"})
  void notifierThatFailsEverySendGoesBackAndEachNotificationStaysInTheQueue(String behaviour)
      throws Exception {
    try (PluginStage stage = stage(Duration.ofMinutes(1))) {
      useNotifier(stage);
      stage.drop("x.jar", jar("x", "1.0.0", "deliver", Serves.NOTIFIER));
      stage.awaitPlugin("x", "1\\.0\\.0 RUNNING");
      assertThat(send(stage)).isInstanceOf(SendResult.Delivered.class);
      stage.drop("x.jar", jar("x", "2.0.0", behaviour, Serves.NOTIFIER));
      stage.awaitPlugin("x", "2\\.0\\.0 RUNNING");
      for (SendResult result = send(stage);
          !(result instanceof SendResult.Delivered);
          result = send(stage)) {
        assertThat(result).isInstanceOf(SendResult.RetryLater.class); // it is sent again later
        Thread.onSpinWait();
      }
      stage.awaitPlugin("x", BACK);
    }
  }

  private void useNotifier(PluginStage stage) {
    AlertmanagerConfig none = AlertmanagerConfig.none();
    stage.notifiers.configure(
        new AlertmanagerConfig(
            none.resolveTimeout(),
            none.route(),
            List.of(),
            List.of(
                new Receiver(
                    "team",
                    Map.of(),
                    List.of(new Block("scripted", 0, null, ConfigNode.emptyMapping("a.yml"))))),
            List.of(),
            List.of(),
            none.globals()),
        folder);
  }

  private static SendResult send(PluginStage stage) throws InterruptedException {
    TemplateRenderer renderer =
        (TemplateRenderer)
            Proxy.newProxyInstance(
                ProbationTest.class.getClassLoader(),
                new Class<?>[] {TemplateRenderer.class},
                (proxy, method, arguments) -> "");
    return stage.notifiers.send(
        new Integration("team", "scripted", 0, true),
        new Notification(
            "team", "{}", "1", "", Labels.EMPTY, Labels.EMPTY, List.of(), 0, "http://x", renderer));
  }

  @ParameterizedTest
  @ValueSource(strings = {"error collect", "fatal collect", "wait collect", "deaf collect"})
  void exporterThatFailsEveryCollectionGoesBack(String behaviour) {
    System.setProperty("scripted.deaf", "yes");
    try (PluginStage stage = stage(Duration.ofMinutes(1))) {
      stage.drop("x.jar", jar("x", "1.0.0", "ok", Serves.EXPORTER));
      stage.awaitPlugin("x", "1\\.0\\.0 RUNNING");
      stage.drop("x.jar", jar("x", "2.0.0", behaviour, Serves.EXPORTER));
      stage.awaitPlugin("x", "2\\.0\\.0 RUNNING");
      PluginStage.await(() -> collects(stage), () -> stage.looks("x"));
      stage.awaitPlugin("x", BACK);
    } finally {
      System.clearProperty("scripted.deaf");
    }
  }

  private static boolean collects(PluginStage stage) {
    try {
      stage.exporters.collect("scripted", new NoSink(), Map.of());
      return true;
    } catch (IOException e) {
      return false;
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"error evaluate", "fatal evaluate", "wait evaluate", "deaf evaluate"})
  @Timeout(30)
  void functionThatFailsOrHangsFailsItsQueriesOnlyAndGoesBack(String behaviour) {
    System.setProperty("scripted.deaf", "yes");
    try (PluginStage stage = stage(Duration.ofMinutes(1))) {
      stage.drop("x.jar", jar("x", "1.0.0", "ok", Serves.FUNCTION));
      stage.awaitPlugin("x", "1\\.0\\.0 RUNNING");
      assertThat(evaluate(stage)).isEqualTo(1);
      stage.drop("x.jar", jar("x", "2.0.0", behaviour, Serves.FUNCTION));
      stage.awaitPlugin("x", "2\\.0\\.0 RUNNING");
      for (int i = 0; i < 3; i++) {
        assertThatThrownBy(() -> evaluate(stage))
            .isInstanceOf(RuntimeException.class)
            .hasMessageContaining("scripted_one() of a plugin ");
      }
      stage.awaitPlugin("x", BACK);
      assertThat(evaluate(stage)).isEqualTo(1);
    } finally {
      System.clearProperty("scripted.deaf");
    }
  }

  private static double evaluate(PluginStage stage) {
    try (FunctionRegistry.Lease lease = stage.functions.lease()) {
      OfScalars f = (OfScalars) Objects.requireNonNull(lease.find("scripted_one")).evaluation();
      double[] out = {Double.NaN};
      f.evaluate(new OneStep(), out);
      return out[0];
    }
  }

  @Test
  void updateOfAPluginThatWasInTroubleIsNotBlamed() {
    try (PluginStage stage = stage(Duration.ofMinutes(1))) {
      stage.drop("x.jar", jar("x", "1.0.0", "throw collect", Serves.EXPORTER));
      stage.awaitPlugin("x", "1\\.0\\.0 RUNNING");
      PluginStage.await(
          () -> !collects(stage) && stage.looks("x").startsWith("1.0.0 DEGRADED"),
          () -> stage.looks("x"));
      stage.drop("x.jar", jar("x", "2.0.0", "throw collect", Serves.EXPORTER));
      stage.awaitPlugin("x", "2\\.0\\.0 .*");
      PluginStage.await(
          () -> !collects(stage) && stage.looks("x").startsWith("2.0.0 DEGRADED"),
          () -> stage.looks("x"));
    }
  }

  @Test
  void degradedPluginSaysWhoIsToBlame() {
    try (PluginStage stage = stage(Duration.ZERO)) {
      stage.drop("x.jar", jar("x", "1.0.0", "throw collect", Serves.EXPORTER));
      stage.awaitPlugin("x", "1\\.0\\.0 RUNNING");
      PluginStage.await(
          () -> !collects(stage) && stage.looks("x").startsWith("1.0.0 DEGRADED"),
          () -> stage.looks("x"));
      assertThat(stage.plugin("x").problem()).isEqualTo(PluginProblem.CRASHED);
    }
  }

  /** Serves what a test is about, by one word. */
  private void use(PluginStage stage, Serves kind) {
    switch (kind) {
      case DISCOVERY -> stage.useDiscovery();
      case NOTIFIER -> useNotifier(stage);
      case EXPORTER, FUNCTION -> {}
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Serves.class,
      names = {"DISCOVERY", "NOTIFIER", "EXPORTER"})
  void updateWhoseProbeFailsDoesNotTakeOver(Serves kind) {
    try (PluginStage stage = stage(Duration.ofMinutes(1))) {
      use(stage, kind);
      stage.drop("x.jar", jar("x", "1.0.0", "find one:1", kind));
      stage.awaitPlugin("x", "1\\.0\\.0 RUNNING");
      if (kind == Serves.DISCOVERY) {
        targetsAre(stage, "one:1");
      }
      stage.drop("x.jar", jar("x", "1.5.0", "wait probe", kind));
      stage.awaitPlugin(
          "x",
          "1\\.0\\.0 RUNNING 1\\.5\\.0 of x\\.jar refused: .* did not come back within 0.5 s; .*");
      stage.drop("x.jar", jar("x", "2.0.0", "throw probe", kind));
      stage.awaitPlugin(
          "x",
          "1\\.0\\.0 RUNNING 2\\.0\\.0 of x\\.jar refused: \\w+ .*scripted.* fails its self-test: boom in"
              + " probe; .*");
    }
  }

  @Test
  void updateThatFindsNoTargetsWhereTheVersionBeforeHasSomeDoesNotTakeOver() {
    try (PluginStage stage = stage(Duration.ofMinutes(1))) {
      stage.useDiscovery();
      stage.drop("x.jar", jar("x", "1.0.0", "find one:1"));
      targetsAre(stage, "one:1");
      stage.drop("x.jar", jar("x", "2.0.0", "lists nothing"));
      stage.awaitPlugin(
          "x",
          "1\\.0\\.0 RUNNING 2\\.0\\.0 of x\\.jar refused: discovery scrape/a scripted\\[0\\] fails its"
              + " self-test: it finds no target, and the version that runs has 1; .*");
      targetsAre(stage, "one:1");
    }
  }

  @Test
  void probeThatFailsIsNoReasonToKeepAVersionThatDoesNotWorkEither() {
    try (PluginStage stage = stage(Duration.ofMinutes(1))) {
      stage.drop("x.jar", jar("x", "1.0.0", "throw collect", Serves.EXPORTER));
      stage.awaitPlugin("x", "1\\.0\\.0 RUNNING");
      PluginStage.await(
          () -> !collects(stage) && stage.looks("x").startsWith("1.0.0 DEGRADED"),
          () -> stage.looks("x"));
      stage.drop("x.jar", jar("x", "2.0.0", "throw probe", Serves.EXPORTER));
      stage.awaitPlugin("x", "2\\.0\\.0 RUNNING");
    }
  }

  private record OneStep() implements FunctionCall {
    @Override
    public int steps() {
      return 1;
    }

    @Override
    public long timeMs(int step) {
      return 0;
    }

    @Override
    public double[] scalars(int argument) {
      throw new IllegalArgumentException();
    }

    @Override
    public String text(int argument) {
      throw new IllegalArgumentException();
    }
  }

  private static final class NoSink implements MetricSink {
    @Override
    public void family(MetricMetadata metadata) {}

    @Override
    public void sample(String name, Labels labels, double value) {}

    @Override
    public void sample(
        String name, Labels labels, double value, long timestampMs, @Nullable Exemplar exemplar) {}

    @Override
    public void histogram(String name, Labels labels, NativeHistogram histogram) {}
  }
}
