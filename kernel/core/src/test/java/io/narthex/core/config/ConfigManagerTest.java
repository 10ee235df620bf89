package io.narthex.core.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.narthex.core.metrics.MetricsRegistry;
import io.narthex.service.config.ConfigSnapshot;
import io.narthex.service.config.PrometheusConfig;
import io.narthex.service.config.ReloadListener;
import io.narthex.service.config.ReloadStage;
import io.narthex.spi.config.ConfigException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

class ConfigManagerTest {
  @TempDir Path folder;
  private final MetricsRegistry metrics = new MetricsRegistry();
  private final List<String> events = new ArrayList<>();
  private Path file;
  private ConfigManager manager;
  private Consumer<ConfigFiles.Loaded> check = loaded -> {};

  @BeforeEach
  void create() throws IOException {
    file = folder.resolve("prometheus.yml");
    write("15s");
    ConfigFiles files = new ConfigFiles(Flags.parse(List.of("--config.file=" + file)));
    manager =
        new ConfigManager(
            files, files.load(), next -> check.accept(next), metrics, Clock.systemUTC());
  }

  private void write(String interval) throws IOException {
    Files.writeString(file, "global:\n  scrape_interval: " + interval + "\n");
  }

  @Test
  void yamlIsMadeWhenItIsAskedForAndOnce() throws IOException {
    List<String> asked = new ArrayList<>();
    Files.writeString(
        file,
        """
        global: {scrape_interval: 15s}
        scrape_configs: [{job_name: a, x_sd_configs: [{password: secret}]}]
        """);
    manager.showWith(
        new ShownConfig(
            new ShownConfig.Records() {
              @Override
              public @Nullable Class<? extends Record> discovery(String type) {
                asked.add(type);
                return null;
              }

              @Override
              public @Nullable Class<? extends Record> notifier(String type) {
                return null;
              }

              @Override
              public List<Class<? extends Record>> globals() {
                return List.of();
              }
            }));
    manager.add(new Part("x", 1, snapshot -> {}));
    manager.goLive();
    manager.reload();
    assertThat(manager.current().prometheus().scrapeConfigs()).hasSize(1);
    assertThat(asked).isEmpty();
    for (int i = 0; i < 2; i++) {
      assertThat(manager.current().prometheusYaml())
          .contains("job_name: a", "password: <secret>")
          .doesNotContain("password: secret");
    }
    assertThat(asked).containsExactly("x");
  }

  private final class Part implements ReloadListener {
    private final String name;
    private final int rank;
    private final Consumer<ConfigSnapshot> action;

    Part(String name, int rank, Consumer<ConfigSnapshot> action) {
      this.name = name;
      this.rank = rank;
      this.action = action;
    }

    @Override
    public String name() {
      return name;
    }

    @Override
    @SuppressWarnings("deprecation") // as parts of before do
    public int rank() {
      return rank;
    }

    @Override
    public void apply(ConfigSnapshot snapshot) {
      events.add(name + " " + snapshot.prometheus().global().scrapeInterval().toSeconds());
      action.accept(snapshot);
    }
  }

  private double successful() {
    return metrics.gauge("prometheus_config_last_reload_successful", "").value();
  }

  @Test
  void partsFollowInOrderOfTheirRank() throws IOException {
    manager.add(new Part("late", 50, s -> {}));
    manager.add(new Part("early", 10, s -> {}));
    assertThat(events).isEmpty();
    manager.goLive();
    assertThat(events).containsExactly("early 15", "late 15");
    write("20s");
    manager.reload();
    assertThat(events).containsExactly("early 15", "late 15", "early 20", "late 20");
    assertThat(successful()).isEqualTo(1);
    manager.add(new Part("latest", 5, s -> {}));
    assertThat(events).endsWith("latest 20");
  }

  private final class Staged implements ReloadListener {
    private final ReloadStage stage;

    Staged(ReloadStage stage) {
      this.stage = stage;
    }

    @Override
    public String name() {
      return stage.name();
    }

    @Override
    public ReloadStage stage() {
      return stage;
    }

    @Override
    public void apply(ConfigSnapshot snapshot) {
      events.add(name());
    }
  }

  @Test
  void partsFollowInOrderOfTheirStageAndOlderOnesByTheirNumber() {
    manager.add(new Part("last", 90, s -> {}));
    manager.add(new Staged(ReloadStage.RULES));
    manager.add(new Part("storage", 10, s -> {}));
    manager.add(new Staged(ReloadStage.LISTENERS));
    manager.add(new Staged(ReloadStage.QUERY));
    manager.goLive();
    assertThat(events).containsExactly("LISTENERS", "storage 15", "QUERY", "RULES", "last 15");
  }

  @Test
  void problemOfALatePartGoesWithIt() {
    manager.goLive();
    Part late =
        new Part(
            "late",
            10,
            s -> {
              throw new ConfigException("rules.yml:3:1: is wrong");
            });
    manager.add(late);
    assertThat(manager.problemOf(late)).contains("late: rules.yml:3:1: is wrong");
    assertThat(successful()).isEqualTo(0);
    Part good = new Part("good", 10, s -> {});
    manager.add(good);
    assertThat(manager.problemOf(good)).isNull();
    manager.remove(late);
    assertThat(manager.problemOf(late)).isNull();
    assertThat(manager.lastReload().successful()).isTrue();
    assertThat(successful()).isEqualTo(1);
  }

  @Test
  void failingPartDoesNotHoldUpOthers() throws IOException {
    manager.add(
        new Part(
            "first",
            10,
            s -> {
              throw new ConfigException("rules.yml:3:1: is wrong");
            }));
    manager.add(
        new Part(
            "second",
            20,
            s -> {
              throw new NoClassDefFoundError("gone");
            }));
    manager.add(new Part("third", 30, s -> {}));
    // a start ends here, with the reason
    assertThatThrownBy(manager::goLive)
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("first: rules.yml:3:1: is wrong");
    events.clear();
    write("20s");
    assertThatThrownBy(manager::reload)
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("first: rules.yml:3:1: is wrong")
        .hasMessageContaining("second: ");
    assertThat(events).containsExactly("first 20", "second 20", "third 20");
    assertThat(manager.lastReload().successful()).isFalse();
    assertThat(successful()).isZero();
  }

  @Test
  void fileThatCannotBeUsedChangesNothing() throws IOException {
    manager.add(new Part("part", 10, s -> {}));
    manager.goLive();
    events.clear();
    write("never");
    assertThatThrownBy(manager::reload)
        .hasMessageContaining("prometheus.yml:2:20: scrape_interval: not a valid duration string");
    assertThat(events).isEmpty();
    assertThat(manager.current().prometheus().global().scrapeInterval().toSeconds()).isEqualTo(15);
    assertThat(manager.lastReload().error()).contains("prometheus.yml:2:20");
    write("20s");
    manager.reload();
    assertThat(manager.lastReload().successful()).isTrue();
    assertThat(manager.lastReload().error()).isNull();
  }

  @Test
  void whatPluginsRefuseChangesNothing() throws IOException {
    manager.add(new Part("part", 10, s -> {}));
    manager.goLive();
    events.clear();
    check =
        loaded -> {
          throw new IllegalStateException("a plugin's bug");
        };
    write("20s");
    assertThatThrownBy(manager::reload)
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("a plugin's bug");
    assertThat(events).isEmpty();
    assertThat(successful()).isZero();
  }

  @Test
  void theFilesThatAreReadAreNamedWithTheirWholePath() throws IOException {
    Path alerts = Files.writeString(folder.resolve("am.yml"), "{}\n");
    ConfigFiles files =
        new ConfigFiles(
            Flags.parse(List.of("--config.file=" + file, "--alertmanager.config.file=" + alerts)));
    assertThat(files.names()).isEqualTo(file.toAbsolutePath() + ", " + alerts.toAbsolutePath());
    Logger logger = (Logger) LoggerFactory.getLogger(ConfigManager.class);
    ListAppender<ILoggingEvent> logged = new ListAppender<>();
    logged.start();
    logger.addAppender(logged);
    logger.setLevel(Level.INFO);
    try {
      manager.goLive();
      manager.reload();
    } finally {
      logger.setLevel(null);
      logger.detachAppender(logged);
    }
    assertThat(logged.list)
        .extracting(ILoggingEvent::getFormattedMessage)
        .anySatisfy(text -> assertThat(text).contains(file.toAbsolutePath().toString()));
  }

  @Test
  void missingFileIsNamed() throws IOException {
    Files.delete(file);
    assertThatThrownBy(manager::reload).hasMessageContaining("no such file or directory");
  }

  @Test
  void followsTheContentOfItsFilesWhenAsked() throws Exception {
    CountDownLatch changed = new CountDownLatch(1);
    manager.goLive();
    Thread watcher =
        Thread.ofPlatform().daemon().start(() -> manager.followFiles(Duration.ofMillis(1)));
    try {
      manager.add(
          new Part(
              "part",
              1,
              snapshot -> {
                if (snapshot.prometheus().global().scrapeInterval().toSeconds() == 30) {
                  changed.countDown();
                }
              }));
      Files.setLastModifiedTime(file, FileTime.fromMillis(1)); // the content counts
      // the first look may come after this change: so change it until it is seen
      for (int i = 0; changed.getCount() > 0 && i < 30; i++) {
        write(i % 2 == 0 ? "30s" : "20s");
        changed.await(2, TimeUnit.SECONDS);
      }
      assertThat(changed.getCount()).isZero();
    } finally {
      watcher.interrupt();
      watcher.join();
    }
  }

  @Test
  void aModulusIsNotNegative() {
    assertThatThrownBy(() ->
            new PrometheusConfigLoader(name -> null, false)
                .parse(
                    "p.yml",
                    "scrape_configs: [{job_name: a, relabel_configs: [{action: hashmod,"
                        + " source_labels: [a], target_label: b, modulus: -5}]}]\n"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("modulus must");
  }

  @Test
  void namesOfFilesThatAreNotThereNameNone() {
    PrometheusConfig config =
        new PrometheusConfigLoader(name -> null, false)
            .parse(
                "/nonexistent/p.yml",
                "scrape_config_files: [\"\", none.yml, sub/none.yml, \"x/*.yml\"]\nrule_files: [\"\", none.yml]\n");
    assertThat(config.scrapeConfigs()).isEmpty();
  }

  @Test
  void namesThatNoFileCanHaveAreRefused() {
    for (String key : List.of("rule_files", "scrape_config_files")) {
      assertThatThrownBy(() ->
              new PrometheusConfigLoader(name -> null, false)
                  .parse("p.yml", key + ": [\"a\\0b\"]\n"))
          .isInstanceOf(ConfigException.class)
          .hasMessageStartingWith("p.yml:1:");
    }
  }
}
