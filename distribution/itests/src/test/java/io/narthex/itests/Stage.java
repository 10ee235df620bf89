package io.narthex.itests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * What a test of one server needs: a folder with its configuration, data and plugins, a target that
 * it scrapes, a receiver of notifications, and the server, which can be started again. A field with
 * {@code @RegisterExtension}; all is gone after the test, or after all tests of the class when they
 * share an instance.
 */
final class Stage implements AfterEachCallback, AfterAllCallback {
  final Path folder;
  final Path data;
  final Path plugins;
  final MetricsStandIn target;
  final WebhookSink sink;
  private @Nullable Server started;

  /**
   * What {@code narthex.yml} says unless a test writes its own: a deleted jar is not waited for.
   */
  static final String QUICK_REMOVAL = "plugins: {removal_grace: 100ms}\n";

  /** Sets up everything but the server; the target has a gauge {@code lamp} of 1. */
  Stage() {
    try {
      folder = Files.createTempDirectory("narthex-stage");
      data = folder.resolve("data");
      plugins = Files.createDirectories(folder.resolve("plugins"));
      target = new MetricsStandIn("# TYPE lamp gauge\nlamp 1\n");
      sink = new WebhookSink();
      Files.writeString(folder.resolve("narthex.yml"), QUICK_REMOVAL);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Writes a file; {@code {target}} and {@code {sink}} in it are replaced by their addresses. */
  Stage file(String name, String text) throws IOException {
    Files.writeString(
        folder.resolve(name),
        text.replace("{target}", target.address()).replace("{sink}", sink.url()));
    return this;
  }

  /** Returns what the server is started with. */
  Server.Setup setup() {
    return setup(Distribution.home());
  }

  /** Returns what a server of another distribution is started with. */
  Server.Setup setup(Path home) {
    return Distribution.server(home, data)
        .with("--config.file=" + folder.resolve("prometheus.yml"));
  }

  Server start() {
    return start(s -> s);
  }

  Server start(UnaryOperator<Server.Setup> more) {
    return start(more.apply(setup()));
  }

  Server start(Server.Setup setup) {
    Server now = setup.start();
    started = now;
    return now;
  }

  /** Ends the server as an operator would, and starts it again. */
  Server restart() {
    server().stop();
    return start();
  }

  Server server() {
    return Objects.requireNonNull(started);
  }

  /** Puts a jar into the drop folder in one step. */
  void drop(byte[] jar, String name) throws IOException {
    Path hidden = folder.resolve(name + ".part");
    Files.write(hidden, jar);
    Files.move(
        hidden,
        plugins.resolve(name),
        StandardCopyOption.ATOMIC_MOVE,
        StandardCopyOption.REPLACE_EXISTING);
  }

  /** Sends a jar to the plugin manager. */
  HttpResponse<String> upload(String name, byte[] jar) {
    return upload(name, BodyPublishers.ofByteArray(jar));
  }

  /** Sends a jar to the plugin manager. */
  HttpResponse<String> upload(String name, Path jar) throws IOException {
    return upload(name, BodyPublishers.ofFile(jar));
  }

  private HttpResponse<String> upload(String name, BodyPublisher jar) {
    return admin("PUT", "upload?" + Server.form("file", name), jar);
  }

  /** Orders something about a plugin, for example {@code rollback}. */
  HttpResponse<String> act(String id, String act) {
    return admin("POST", id + "/" + act, BodyPublishers.noBody());
  }

  /** Sends a request without body to the plugin manager. */
  HttpResponse<String> admin(String method, String path) {
    return admin(method, path, BodyPublishers.noBody());
  }

  private HttpResponse<String> admin(String method, String path, BodyPublisher body) {
    return server().admin(method, "narthex/api/v1/plugins/" + path, data, body);
  }

  /** Runs {@code narthex plugin …} of the distribution and returns what it prints. */
  String cli(int status, String... words) throws IOException, InterruptedException {
    List<String> command =
        new ArrayList<>(List.of(Distribution.home().resolve("bin/narthex").toString(), "plugin"));
    command.addAll(List.of(words));
    command.add("--server=http://127.0.0.1:" + server().port());
    command.add("--token-file=" + data.resolve("narthex/admin.token"));
    Path printed = Files.createTempFile(folder, "cli", ".txt");
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(printed.toFile());
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    Process process = builder.start();
    boolean ended = process.waitFor(Server.PATIENCE.toSeconds(), TimeUnit.SECONDS);
    process.destroyForcibly();
    String text = Files.readString(printed);
    assertThat(ended).as(text).isTrue();
    assertThat(process.exitValue()).as(text).isEqualTo(status);
    return text;
  }

  /** The order has been carried out. */
  void ok(HttpResponse<String> answer) {
    assertThat(answer.statusCode()).as(() -> answer.body() + "\n" + server().log()).isEqualTo(200);
  }

  /** The order has been refused, and the reason has these words in it. */
  void refused(HttpResponse<String> answer, String reason) {
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(409);
    assertThat(Server.parse(answer.body()).path("error").asText())
        .as(() -> server().log())
        .contains(reason);
  }

  /** Returns when plugins from a source have started, by id, in milliseconds. */
  Map<String, Long> starts(String source) {
    Map<String, Long> out = new TreeMap<>();
    for (JsonNode plugin : server().json("narthex/api/v1/plugins").path("plugins")) {
      if (plugin.path("source").asText().equals(source)) {
        out.put(plugin.path("id").asText(), plugin.path("started").asLong());
      }
    }
    assertThat(out).isNotEmpty();
    return out;
  }

  String version(String id) {
    return server().plugin(id).path("version").asText();
  }

  String reason(String id) {
    return server().plugin(id).path("reason").asText();
  }

  @Override
  public void afterEach(ExtensionContext context) throws IOException {
    if (context.getTestInstanceLifecycle().orElse(null) != Lifecycle.PER_CLASS) {
      close();
    }
  }

  @Override
  public void afterAll(ExtensionContext context) throws IOException {
    close();
  }

  private void close() throws IOException {
    if (started != null) {
      started.close();
    }
    target.close();
    sink.close();
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
