package io.narthex.itests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Starts on machines of all sorts: languages, file systems, signals, configurations. */
@Tag("quiet")
class MachinesIT {
  @TempDir private Path folder = Path.of("");
  private Path data = Path.of("");

  @BeforeEach
  void nameFolders() {
    data = folder.resolve("data");
  }

  @Test
  void firstStartWarnsOfNothing() {
    try (Server server = Distribution.server(data).start()) {
      assertThat(server.log())
          .contains("open http://localhost:" + server.port() + "/ in a browser")
          .doesNotContain("level=WARN", "level=ERROR");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"ar-EG", "my-MM"})
  void startsInALanguageWithOwnDigits(String language) {
    String[] parts = language.split("-");
    try (Server server =
        Distribution.server(data)
            .environment(
                "JAVA_TOOL_OPTIONS", "-Duser.language=" + parts[0] + " -Duser.country=" + parts[1])
            .start()) {
      assertThat(server.json("api/v1/query?query=1.5").path("data").path("result").path(1).asText())
          .isEqualTo("1.5");
    }
  }

  @Test
  void readsNamesBeyondAsciiWithoutALocale() throws IOException {
    Path config = Files.createDirectories(folder.resolve("cönf/日本"));
    Files.createDirectories(config.resolve("rules"));
    Files.writeString(
        config.resolve("rules/größe.yml"),
        "groups: [{name: g, rules: [{record: size, expr: vector(7)}]}]\n");
    Path file =
        Files.writeString(config.resolve("prometheus.yml"), "rule_files: ['rules/größe.yml']\n");
    try (Server server =
        Distribution.server(folder.resolve("dätä"))
            .with("--config.file=" + file, "--web.page-title=Größe")
            .environment("LC_ALL", "C")
            .start()) {
      assertThat(server.get("api/v1/rules").body()).contains("größe.yml");
      assertThat(server.get("query").body()).contains("Größe");
      assertThat(folder.resolve("dätä/lock")).exists();
    }
  }

  @Test
  void startsOnAReadOnlyFileSystemWithOneFolderToWriteTo() throws IOException {
    Files.createDirectories(data);
    boolean may =
        Peers.run(Peers.find("unshare").orElseThrow(), "--mount", "--map-root-user", "true")
                .status()
            == 0;
    Server.Setup setup = Distribution.server(data);
    if (may) {
      // all but the data folder, in a view of its own
      setup
          .under("unshare")
          .under("--mount")
          .under("--map-root-user")
          .under("sh")
          .under("-c")
          .under(
              "mount --bind \"$0\" \"$0\" && mount -o remount,bind,ro /"
                  + " && { mount -o remount,bind,ro /tmp 2>/dev/null || true; } && exec \"$@\"")
          .under(data.toString());
    } else {
      setup.environment("TMPDIR", "/proc");
    }
    try (Server server = setup.start()) {
      assertThat(server.log()).doesNotContain("Exception");
      try (Stream<Path> made = Files.list(data.resolve("narthex/temporary"))) {
        assertThat(made.map(f -> f.getFileName().toString()))
            .anyMatch(name -> name.startsWith("narthex-cache"));
      }
      server.signal("TERM");
      assertThat(server.awaitEnd()).isZero();
    }
    try (Stream<Path> left = Files.list(data.resolve("narthex/temporary"))) {
      assertThat(left).isEmpty();
    }
  }

  @Test
  void keepsTemporaryFilesWhereTheEnvironmentSays() throws IOException {
    Path temporary = Files.createDirectories(folder.resolve("te mp"));
    try (Server server =
            Distribution.server(data).environment("TMPDIR", temporary.toString()).start();
        Stream<Path> made = Files.list(temporary)) {
      assertThat(server.alive()).isTrue();
      assertThat(made.map(f -> f.getFileName().toString()))
          .anyMatch(name -> name.startsWith("narthex-cache"));
    }
  }

  @Test
  void withoutAnyFolderToWriteToItSaysSo() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "in the way");
    assertEndsWithOneLine(
        Distribution.server(file.resolve("data")).environment("TMPDIR", "/proc"),
        "narthex: cannot start: temporary files: nothing can be written to /proc",
        "TMPDIR");
  }

  @Test
  void aPartThatIsMissingEndsTheStartWithOneLine() throws IOException {
    Path home = folder.resolve("narthex");
    Distribution.copy(home);
    try (Stream<Path> parts = Files.list(home.resolve("lib/kernel"))) {
      for (Path part : parts.filter(p -> p.toString().contains("kernel-config")).toList()) {
        Files.delete(part);
      }
    }
    assertEndsWithOneLine(
        Distribution.server(home, data).with("--web.listen-address=127.0.0.1:0"),
        "narthex: cannot start: io.narthex.",
        "missing requirement");
  }

  private static void assertEndsWithOneLine(Server.Setup setup, String begin, String part) {
    Server server = setup.launch();
    assertThat(server.awaitEnd()).as(server.log()).isEqualTo(1);
    List<String> lines = server.log().lines().filter(l -> !l.startsWith("time=")).toList();
    assertThat(lines).as(server.log()).hasSize(1);
    assertThat(lines.getFirst()).startsWith(begin).contains(part);
  }

  @Test
  void signalsWhileItStartsDoNotEndIt() {
    try (Server server =
        Distribution.server(data).with("--web.listen-address=127.0.0.1:0").launch()) {
      Server.await("the first line", () -> !server.log().isEmpty());
      for (String signal : List.of("HUP", "USR1", "USR2", "ALRM", "VTALRM", "IO", "PWR")) {
        server.signal(signal);
      }
      Server.await("ready", () -> server.log().contains("Server is ready"));
      server.signal("USR1");
      assertThat(server.get("-/ready").statusCode()).isEqualTo(200);
    }
  }

  @Test
  void terminatedWhileItStartsItEndsWithStatusZero() {
    Server server = Distribution.server(data).with("--web.listen-address=127.0.0.1:0").launch();
    Server.await("the first line", () -> !server.log().isEmpty());
    server.signal("TERM");
    assertThat(server.awaitEnd()).as(server.log()).isZero();
  }

  @Test
  void reloadsUnderNohup() throws IOException {
    Path file = Files.writeString(folder.resolve("prometheus.yml"), "global: {}\n");
    try (Server server =
        Distribution.server(data).under("nohup").with("--config.file=" + file).start()) {
      Files.writeString(file, "global: {external_labels: {a: two}}\n");
      server.signal("HUP");
      Server.await(
          "the change", () -> server.get("api/v1/status/config").body().contains("a: two"));
    }
  }

  @Test
  void hangupThatStaysIgnoredIsTold() throws IOException {
    // of systems whose env cannot give a signal its usual meaning back
    Path env = Files.writeString(folder.resolve("env"), "#!/bin/sh\nexit 1\n");
    assertThat(env.toFile().setExecutable(true)).isTrue();
    try (Server server =
        Distribution.server(data)
            .under("nohup")
            .under("bash")
            .environment("PATH", folder + ":" + System.getenv("PATH"))
            .start()) {
      Server.await(
          "the log says it", () -> server.log().contains("SIGHUP is ignored, perhaps by nohup"));
      server.signal("HUP");
      assertThat(server.get("-/ready").statusCode()).isEqualTo(200);
    }
  }

  @Test
  void offlineCommandsSayNothingOfTheServer() throws IOException {
    Path metrics =
        Files.writeString(folder.resolve("metrics"), "# HELP a b\n# TYPE a gauge\na 1\n");
    Peers.Result judged =
        Peers.run(
            Peers.find("sh").orElseThrow(),
            "-c",
            "nohup \"$0\" check metrics <\"$1\"",
            Distribution.home().resolve("bin/narthex").toString(),
            metrics.toString());
    assertThat(judged.status()).as(judged.output()).isZero();
    assertThat(judged.output()).isEmpty();
  }

  @Test
  void startsWithHundredsOfJobsAndReloadsThem() throws IOException {
    StringBuilder jobs = new StringBuilder("scrape_configs:\n");
    for (int i = 0; i < 500; i++) {
      jobs.append(
          """
          - {job_name: job%d, scrape_interval: 1h, static_configs: [{targets: ['127.0.0.1:9']}]}
          """
              .formatted(i));
    }
    Path file = Files.writeString(folder.resolve("prometheus.yml"), jobs);
    try (Server server =
        Distribution.server(data).with("--config.file=" + file, "--web.enable-lifecycle").start()) {
      Server.await(
          "all targets",
          () -> server.json("api/v1/targets").path("data").path("activeTargets").size() == 500);
      assertThat(server.post("-/reload").statusCode()).isEqualTo(200);
      Files.writeString(file, jobs.toString().replace("job499", "another"));
      assertThat(server.post("-/reload").statusCode()).isEqualTo(200);
      Server.await(
          "the other job",
          () -> server.get("api/v1/targets?scrapePool=another").body().contains("another"));
      assertThat(server.get("api/v1/status/config").body()).contains("job_name: another");
      assertThat(server.get("metrics").body())
          .contains("prometheus_target_scrape_pools_total 501")
          .contains("prometheus_target_scrape_pool_reloads_total 0");
    }
  }
}
