package io.narthex.itests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What an admin does to plugins: upload, undo, remove, by HTTP and by command line. */
class PluginActsIT {
  private static final Path DISCOVERY = Tree.jar("distribution/samples/acme-discovery");
  private static final Path NOTIFIER = Tree.jar("distribution/samples/acme-notifier");
  private static final String ID = "io.acme.discovery";

  @RegisterExtension private final Stage stage = new Stage();

  @BeforeEach
  void startWithABlockOfAnAbsentPlugin() throws IOException {
    stage
        .file(
            "prometheus.yml",
            """
            global: {scrape_interval: 500ms, scrape_timeout: 500ms}
            scrape_configs:
              - job_name: acme
                acme_sd_configs:
                  - {hosts: ['{target}'], team: blue}
            """)
        .start();
  }

  private Server server() {
    return stage.server();
  }

  @Test
  void undoSurvivesARestartUntilAnotherJarArrives() throws IOException {
    ok(upload("acme-discovery.jar", discovery("1.0.0", "first")));
    ok(upload("acme-discovery.jar", discovery("1.1.0", "second")));
    runs("second");
    assertThat(server().plugin(ID).path("undoVersion").asText()).isEqualTo("1.0.0");
    ok(act("rollback"));
    runs("first");
    assertThat(server().plugin(ID).path("reason").asText()).contains("by undo");

    stage.restart();
    runs("first");
    assertThat(version()).isEqualTo("1.0.0");
    assertThat(server().plugin(ID).path("reason").asText()).contains("by undo");

    ok(upload("acme-discovery.jar", discovery("1.2.0", "third")));
    runs("third");
    stage.restart();
    runs("third");
    assertThat(version()).isEqualTo("1.2.0");
  }

  @Test
  void shippedVersionComesBackWhenTheUsersGoes() throws IOException {
    String id = "io.narthex.discovery.statics";
    JsonNode shipped = server().plugin(id);
    assertThat(shipped.path("source").asText()).isEqualTo("shipped");
    Path jar =
        Distribution.home()
            .resolve("lib/plugins")
            .resolve("discovery-static-" + Tree.VERSION + ".jar");
    ok(upload("my-static.jar", SampleJar.of(jar).header("Bundle-Version", "9.0.0").bytes()));
    assertThat(server().plugin(id).path("version").asText()).isEqualTo("9.0.0");
    assertThat(server().plugin(id).path("source").asText()).isEqualTo("user");
    stage.restart();
    assertThat(server().plugin(id).path("version").asText())
        .as("the user's wins over the shipped one at a start, too")
        .isEqualTo("9.0.0");
    Files.delete(stage.plugins.resolve("my-static.jar"));
    Server.await(
        "the shipped version",
        () ->
            server().plugin(id).path("version").asText().equals(shipped.path("version").asText())
                && server().plugin(id).path("state").asText().equals("running"));
    assertThat(server().plugin(id).path("source").asText()).isEqualTo("shipped");
  }

  @Test
  void constructorThatThrowsLeavesTheFormerVersionInCharge() throws Exception {
    ok(upload("acme-discovery.jar", discovery("1.0.0", "first")));
    runs("first");
    long since = server().plugin(ID).path("started").asLong();
    byte[] throwing =
        compiled(
            "io.acme.discovery.AcmeDiscoveryProvider",
            """
            package io.acme.discovery;
            public final class AcmeDiscoveryProvider {
              public AcmeDiscoveryProvider() { throw new IllegalStateException("no licence"); }
            }
            """);
    HttpResponse<String> answer =
        upload(
            "acme-discovery.jar",
            SampleJar.of(DISCOVERY)
                .header("Bundle-Version", "1.1.0")
                .file("io/acme/discovery/AcmeDiscoveryProvider.class", throwing)
                .bytes());
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(409);
    assertThat(answer.body()).contains("DiscoveryProvider cannot be created");
    assertThat(version()).isEqualTo("1.0.0");
    assertThat(server().plugin(ID).path("started").asLong()).isEqualTo(since);

    // a plain jar
    answer =
        upload(
            "broken.jar",
            SampleJar.of(NOTIFIER)
                .header("Automatic-Module-Name", "io.acme.broken")
                .file(
                    "META-INF/services/io.narthex.spi.notifier.NotifierProvider",
                    "io.acme.discovery.AcmeDiscoveryProvider")
                .file("io/acme/discovery/AcmeDiscoveryProvider.class", throwing)
                .bytes());
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(409);
    assertThat(answer.body()).contains("no licence");
    assertThat(server().plugin("io.acme.broken").isMissingNode()).isTrue();
    assertThat(stage.plugins.resolve("broken.jar")).doesNotExist();
    runs("first");
  }

  @Test
  void uploadsAreCheckedAndLandInTheFolder() throws IOException {
    byte[] jar = discovery("1.0.0", "first");
    assertThat(
            server().send("PUT", "narthex/api/v1/plugins/upload?file=a.jar", jar, "").statusCode())
        .as("without token")
        .isEqualTo(401);
    assertThat(
            server()
                .send("PUT", "narthex/api/v1/plugins/upload?file=a.jar", jar, "guess")
                .statusCode())
        .as("with another token")
        .isEqualTo(401);
    refused(upload("../a.jar", jar), "plain name");
    refused(upload("half.jar", java.util.Arrays.copyOf(jar, jar.length / 2)), "half.jar");
    assertThat(stage.plugins).isEmptyDirectory();
    assertThat(server().plugin(ID).isMissingNode()).isTrue();

    ok(upload("a.jar", jar));
    runs("first");
    assertThat(stage.plugins.resolve("a.jar")).hasBinaryContent(jar);
    refused(upload("a.jar", jar), "runs already");
    refused(upload("a.jar", discovery("0.9.0", "older")), "use narthex plugin install --force");
    byte[] update = discovery("1.1.0", "second");
    ok(upload("b.jar", update));
    runs("second");
    assertThat(stage.plugins.resolve("a.jar")).as("it takes the place").hasBinaryContent(update);
    assertThat(stage.plugins.resolve("b.jar")).doesNotExist();
    ok(stage.admin("DELETE", ID));
    assertThat(server().plugin(ID).isMissingNode()).isTrue();
    assertThat(stage.plugins).isEmptyDirectory();
    assertThat(server().get("narthex/api/v1/audit?plugin=" + ID).body())
        .contains("\"install\"", "\"update\"", "\"remove\"");
  }

  @Test
  void commandLineDoesWhatTheApiDoes() throws Exception {
    Path first = Files.write(stage.folder.resolve("first.jar"), discovery("1.0.0", "first"));
    Path second = Files.write(stage.folder.resolve("second.jar"), discovery("1.1.0", "second"));
    assertThat(cli(0, "install", first.toString())).contains(ID, "1.0.0", "running");
    assertThat(cli(0, "update", second.toString())).contains("1.1.0");
    runs("second");
    assertThat(cli(0, "list")).contains(ID + " ", "kernel", "io.narthex.query", "shipped");
    assertThat(cli(0, "info", ID)).containsPattern("undoVersion +1\\.0\\.0");
    assertThat(cli(1, "install", first.toString())).contains("use narthex plugin install --force");
    assertThat(cli(0, "rollback", ID)).contains("1.0.0");
    runs("first");
    assertThat(cli(0, "disable", ID)).contains("stopped");
    assertThat(cli(0, "enable", ID)).contains("running");
    assertThat(cli(0, "log", ID)).contains("install", "rollback", "disable", "enable", "ok");
    assertThat(cli(1, "rollback", "io.acme.absent")).contains("there is no plugin");
    assertThat(cli(2, "install")).contains("usage");

    // a part of the server, and the part that answers
    Path http =
        SampleJar.of(
                Distribution.home()
                    .resolve("lib/kernel")
                    .resolve("kernel-http-" + Tree.VERSION + ".jar"))
            .header("Bundle-Version", "0.1.1")
            .write(stage.folder.resolve("kernel-http.jar"));
    assertThat(cli(0, "install", http.toString())).contains("io.narthex.http", "0.1.1", "running");
    assertThat(cli(0, "rollback", "io.narthex.http")).contains("0.1.0", "running");
    Path broken =
        SampleJar.of(http)
            .header("Bundle-Version", "0.1.2")
            .without("io/narthex/http/QueryApi.class")
            .write(stage.folder.resolve("broken.jar"));
    assertThat(cli(1, "install", broken.toString())).contains("taken back", "QueryApi");
    assertThat(cli(0, "remove", ID)).isNotNull();
    assertThat(server().plugin(ID).isMissingNode()).isTrue();
  }

  private String cli(int status, String... words) throws Exception {
    return stage.cli(status, words);
  }

  private static byte[] discovery(String version, String release) {
    return SampleJar.of(DISCOVERY)
        .header("Bundle-Version", version)
        .file("io/acme/discovery/release.txt", release)
        .bytes();
  }

  private byte[] compiled(String name, String source) throws IOException {
    Path file = stage.folder.resolve(name.substring(name.lastIndexOf('.') + 1) + ".java");
    Files.writeString(file, source);
    Path classes = Files.createDirectories(stage.folder.resolve("classes"));
    int status =
        ToolProvider.getSystemJavaCompiler()
            .run(null, null, null, "--release", "25", "-d", classes.toString(), file.toString());
    assertThat(status).isZero();
    return Files.readAllBytes(classes.resolve(name.replace('.', '/') + ".class"));
  }

  private HttpResponse<String> upload(String name, byte[] jar) {
    return stage.upload(name, jar);
  }

  private HttpResponse<String> act(String act) {
    return stage.act(ID, act);
  }

  private void runs(String release) {
    // not by a sample of before a restart
    Scrapes.awaitAfter(
        server(), "up{job=\"acme\", release=\"" + release + "\"}", System.currentTimeMillis());
  }

  private String version() {
    return stage.version(ID);
  }

  private void ok(HttpResponse<String> answer) {
    stage.ok(answer);
  }

  private void refused(HttpResponse<String> answer, String reason) {
    stage.refused(answer, reason);
  }
}
