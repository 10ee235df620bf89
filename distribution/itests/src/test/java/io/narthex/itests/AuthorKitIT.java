package io.narthex.itests;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * From the distribution alone to an own plugin that runs and does its work, in five commands. Where
 * Maven finds what: {@link AuthorMachine}.
 */
class AuthorKitIT {
  private static final String ARCHETYPE_PLUGIN =
      "org.apache.maven.plugins:maven-archetype-plugin:3.4.0";

  /** A file or folder of the distribution, as a text names it. */
  private static final Pattern PLACE =
      Pattern.compile(
          "(?<![\\w/.-])((?:bin|conf|data|docs|lib|maven|plugins|samples)/[\\w./-]*)", 0);

  private static final Pattern LINK = Pattern.compile("\\]\\(([^)#:]+)\\)", 0);

  @TempDir private static Path folder = Path.of("");
  private static @Nullable AuthorMachine machine;

  private @Nullable Server server;
  private Path data = Path.of("");

  @BeforeAll
  static void copyDistribution() throws IOException {
    machine = new AuthorMachine(folder);
  }

  @AfterAll
  static void closeMachine() {
    machine().close();
  }

  private static AuthorMachine machine() {
    return Objects.requireNonNull(machine);
  }

  @BeforeEach
  void ownData() throws IOException {
    data = Files.createTempDirectory(folder, "data");
    machine().set("NARTHEX_DATA", data.toString());
    machine().set("NARTHEX_PLUGINS", data.resolve("plugins").toString());
    machine().takeCommands();
  }

  @AfterEach
  void stop() {
    if (server != null) {
      server.close();
    }
  }

  @Test
  void discoveryInFiveCommands() throws IOException {
    try (MetricsStandIn lamp = new MetricsStandIn("# TYPE lamp gauge\nlamp 1\n");
        MetricsStandIn other = new MetricsStandIn("# TYPE lamp gauge\nlamp 2\n")) {
      Path project = make("discovery", "acme");
      Path targets = project.resolve("demo/targets.txt");
      assertThat(targets).hasContent("localhost:9090");
      Files.writeString(targets, lamp.address() + "\n");
      packageAndRun(project, "com.example.acme.discovery", "acme-discovery");
      Server.await("its target is scraped", () -> value("lamp{job=\"acme\"}") == 1);
      Files.writeString(targets, lamp.address() + "\n" + other.address() + "\n");
      Server.await("it follows the file", () -> value("sum(lamp{job=\"acme\"})") == 3);
      fiveCommandsAsWritten("discovery", project);
    }
  }

  @Test
  void exporterInFiveCommands() throws IOException {
    Path project = make("exporter", "acme");
    packageAndRun(project, "com.example.acme.exporter", "acme-exporter");
    String files = "acme_folder_files{folder=\"" + project.resolve("demo") + "\"}";
    Server.await("it is scraped", () -> value(files) == 2);
    Files.writeString(project.resolve("demo/third.txt"), "x");
    Server.await("it looks again", () -> value(files) == 3);
    assertThat(value("sum(acme_folder_readable)")).isEqualTo(1);
    fiveCommandsAsWritten("exporter", project);
  }

  @Test
  void notifierInFiveCommands() throws IOException {
    List<String> received = new CopyOnWriteArrayList<>();
    HttpServer sink = sink(received);
    try {
      Path project = make("notifier", "acme");
      Path receivers = project.resolve("demo/alertmanager.yml");
      String written = Files.readString(receivers);
      assertThat(written).contains("http://localhost:5001/");
      Files.writeString(
          receivers, written.replace("localhost:5001", "127.0.0.1:" + sink.getAddress().getPort()));
      packageAndRun(project, "com.example.acme.notifier", "acme-notifier");
      Server.await("the notification arrives", () -> received.contains("firing: Demo"));
      fiveCommandsAsWritten("notifier", project);
    } finally {
      sink.stop(0);
    }
  }

  /** Both in one build and one server: a function over samples that the other has kept. */
  @Test
  void functionAndStorage() throws IOException {
    Path function = make("function", "acme");
    Path storage = make("storage", "acme");
    Files.writeString(
        machine().work().resolve("pom.xml"),
        """
        <project>
          <modelVersion>4.0.0</modelVersion>
          <groupId>com.example</groupId><artifactId>both</artifactId><version>1</version><packaging>pom</packaging>
          <modules><module>acme-function</module><module>acme-storage</module></modules>
        </project>
        """);
    machine().bash(machine().work(), "mvn -q -B package");
    Path plugins = Files.createDirectories(data.resolve("plugins"));
    for (Path project : List.of(function, storage)) {
      String jar = project.getFileName() + "-1.0.0.jar";
      Files.copy(project.resolve("target").resolve(jar), plugins.resolve(jar));
    }
    server =
        new Server.Setup(machine().home())
            .with("--config.file=" + storage.resolve("demo/prometheus.yml"))
            .environment("NARTHEX_DATA", data.toString())
            .environment("NARTHEX_PLUGINS", plugins.toString())
            .start();
    Server.await(
        "the function sees what the storage keeps",
        () -> value("acme_spread(up{job=\"acme\"}[1m]) + 50") == 50);
    assertThat(server().plugin("com.example.acme.storage").path("state").asText())
        .isEqualTo("running");
    assertThat(
            read(machine().home().resolve("docs/writing-a-plugin/functions.md"))
                + read(machine().home().resolve("docs/writing-a-plugin/storage.md")))
        .contains(machine().takeCommands());
  }

  @Test
  void librariesStayInsideAPlainJarAndInsideABundle() throws IOException {
    try (MetricsStandIn lamp = new MetricsStandIn("# TYPE lamp gauge\nlamp 1\n")) {
      Path project = make("discovery", "vault");
      Files.writeString(project.resolve("demo/targets.txt"), "no target\n" + lamp.address() + "\n");
      Path source =
          project.resolve("src/main/java/com/example/vault/discovery/VaultDiscovery.java");
      replace(
          source, "!line.isEmpty()", "com.google.re2j.Pattern.matches(\"\\\\S+:\\\\d+\", line)");
      Path pom = project.resolve("pom.xml");
      replace(
          pom,
          "</project>",
          """
            <dependencies>
              <dependency><groupId>com.google.re2j</groupId><artifactId>re2j</artifactId><version>1.8</version></dependency>
            </dependencies>
          </project>
          """);
      packageAndRun(project, "com.example.vault.discovery", "vault-discovery");
      Server.await("its target is scraped", () -> value("lamp{job=\"vault\"}") == 1);
      assertThat(value("count(up)")).isEqualTo(1);

      // now as an OSGi bundle, in the running server
      Files.writeString(
          project.resolve("bnd.bnd"),
          "Provide-Capability: io.narthex.plugin;id=com.example.vault.discovery;kind=discovery\n");
      replace(pom, "<version>1.0.0</version>", "<version>1.1.0</version>");
      machine().bash(project, "mvn clean package");
      String answer = machine().bash(project, "narthex plugin install target/*-1.1.0.jar");
      assertThat(answer).containsPattern("version +1\\.1\\.0").containsPattern("state +running");
      Files.writeString(project.resolve("demo/targets.txt"), "no target\n");
      Server.await("the bundle reads the file", () -> server().query("up").isEmpty());
    }
  }

  /** {@code mvn archetype:generate} and {@code narthex plugin new} are made from one source. */
  @ParameterizedTest
  @ValueSource(strings = {"discovery", "exporter", "notifier"})
  void archetypeMakesTheSameProject(String kind) throws IOException {
    Path ours = machine().work().resolve("ours");
    machine().bash(machine().work(), "narthex plugin new " + kind + " acme --dir=ours/" + kind);
    Path theirs = Files.createDirectories(machine().work().resolve("theirs-" + kind));
    machine().fetch(ARCHETYPE_PLUGIN);
    machine()
        .bash(
            theirs,
            "mvn -B -Pnarthex "
                + ARCHETYPE_PLUGIN
                + ":generate -DarchetypeGroupId=io.narthex -DarchetypeArtifactId=archetype-"
                + kind
                + " -DarchetypeVersion="
                + Tree.VERSION
                + " -DgroupId=com.example.acme."
                + kind
                + " -DartifactId=acme-"
                + kind
                + " -Dtype=acme -DnarthexRepository="
                + machine().repositoryUrl());
    assertThat(files(theirs.resolve("acme-" + kind))).isEqualTo(files(ours.resolve(kind)));
  }

  @Test
  void whatTheReadmeNamesIsThere() throws IOException {
    Path home = machine().home();
    String readme = Files.readString(home.resolve("README.md"));
    Matcher named = PLACE.matcher(readme);
    Set<String> places = new TreeSet<>();
    while (named.find()) {
      places.add(named.group(1));
    }
    assertThat(places).contains("bin/narthex", "conf/", "docs/writing-a-plugin/", "lib/", "maven/");
    for (String place : places) {
      assertThat(home.resolve(place)).as(place).exists();
    }
    Matcher link = LINK.matcher(readme);
    while (link.find()) {
      assertThat(home.resolve(link.group(1))).as(link.group()).exists();
    }
    assertThat(readme).as("what a checkout has").doesNotContain("./narthex", "distribution/");
  }

  @Test
  void linksOfTheGuideLeadSomewhere() throws IOException {
    Path guide = machine().home().resolve("docs/writing-a-plugin");
    int links = 0;
    try (Stream<Path> pages = Files.list(guide)) {
      for (Path page : pages.toList()) {
        Matcher link = LINK.matcher(Files.readString(page));
        while (link.find()) {
          links++;
          assertThat(guide.resolve(link.group(1))).as(page + " " + link.group()).exists();
        }
      }
    }
    assertThat(links).isGreaterThan(20);
  }

  private static Path make(String kind, String name) {
    machine().type(machine().work(), "narthex plugin new " + kind + " " + name);
    return machine().work().resolve(name + "-" + kind);
  }

  /** The commands two to five; the plugin runs after them. */
  private void packageAndRun(Path project, String id, String artifact) throws IOException {
    machine().type(project, "mvn package");
    assertThat(machine().localRepository().resolve("io/narthex/api-spi/" + Tree.VERSION))
        .as("the API comes from the distribution")
        .isDirectoryContaining(f ->
            f.endsWith("_remote.repositories")
                && read(f).contains("api-spi-" + Tree.VERSION + ".jar>narthex="));
    machine().typed("narthex --config.file=demo/prometheus.yml &");
    server =
        new Server.Setup(machine().home())
            .with("--config.file=" + project.resolve("demo/prometheus.yml"))
            .environment("NARTHEX_DATA", data.toString())
            .environment("NARTHEX_PLUGINS", data.resolve("plugins").toString())
            .start();
    machine().set("NARTHEX_SERVER", server.url("").replaceFirst("/$", ""));
    machine().type(project, "narthex plugin install target/" + artifact + "-1.0.0.jar");
    assertThat(machine().type(project, "narthex plugin info " + id))
        .containsPattern("state +running");
  }

  /** The guide and the project's README tell just the commands that were typed. */
  private static void fiveCommandsAsWritten(String kind, Path project) {
    List<String> typed = machine().takeCommands();
    assertThat(typed).hasSizeLessThanOrEqualTo(5);
    assertThat(lines(machine().home().resolve("docs/writing-a-plugin/" + kind + ".md")))
        .containsAll(typed);
    assertThat(lines(project.resolve("README.md"))).containsAll(typed.subList(1, typed.size()));
  }

  private static List<String> lines(Path file) {
    return read(file).lines().map(String::strip).toList();
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private static void replace(Path file, String what, String with) throws IOException {
    String text = Files.readString(file);
    assertThat(text).contains(what);
    Files.writeString(file, text.replace(what, with));
  }

  /** Returns the content of all files under a folder, by relative path. */
  private static Map<String, String> files(Path root) throws IOException {
    Map<String, String> files = new TreeMap<>();
    try (Stream<Path> walk = Files.walk(root)) {
      for (Path path : walk.filter(Files::isRegularFile).toList()) {
        files.put(root.relativize(path).toString(), Files.readString(path));
      }
    }
    return files;
  }

  private static HttpServer sink(List<String> received) throws IOException {
    HttpServer sink =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 50);
    sink.createContext(
        "/",
        exchange -> {
          received.add(
              new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
          exchange.sendResponseHeaders(200, -1);
          exchange.close();
        });
    sink.start();
    return sink;
  }

  private Server server() {
    return Objects.requireNonNull(server);
  }

  private double value(String expression) {
    return server().value(expression);
  }
}
