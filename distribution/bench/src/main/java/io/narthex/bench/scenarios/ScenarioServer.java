package io.narthex.bench.scenarios;

import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The server of one scenario, as a process with an empty data folder. */
final class ScenarioServer implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofMinutes(3);
  private static final Duration TIMEOUT = Duration.ofSeconds(30);
  private static final Pattern LISTENING = Pattern.compile("Listening on \\S*?:(\\d+)", 0);

  /** A process with less CPU use than this has finished its start. */
  private static final double IDLE = 0.05;

  private final Process process;
  private final Path log;
  private final String prefix;
  private final HttpClient client =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(Duration.ofSeconds(10))
          .build();
  private int port;

  private ScenarioServer(Process process, Path log, String prefix) {
    this.process = process;
    this.log = log;
    this.prefix = prefix;
  }

  /** How servers are started: the folder with bin and lib, and an archive of classes if any. */
  record Installation(Path home, @Nullable Path classes) {
    ProcessBuilder command(Path folder, List<String> arguments, String options) {
      List<String> command = new ArrayList<>();
      command.add(home.resolve("bin/narthex").toString());
      command.addAll(arguments);
      ProcessBuilder builder =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(folder.resolve("server.log").toFile());
      Map<String, String> environment = builder.environment();
      environment.put("JAVA_HOME", System.getProperty("java.home"));
      environment.put("NARTHEX_PLUGINS", folder.resolve("plugins").toString());
      // many of them start at the same time, and live for some seconds
      environment.put(
          "NARTHEX_JAVA_OPTS", "-Xmx192m -XX:TieredStopAtLevel=1 -XX:+UseSerialGC " + options);
      if (classes != null && Files.exists(classes)) {
        environment.put("NARTHEX_CLASSES", classes.toString());
      } else {
        environment.remove("NARTHEX_CLASSES");
      }
      return builder;
    }
  }

  /**
   * Starts a server and waits until it answers.
   *
   * @param options more options of the JVM
   */
  static ScenarioServer start(
      Installation installation, Path folder, String config, List<String> flags, String options)
      throws IOException, InterruptedException {
    Files.writeString(folder.resolve("prometheus.yml"), "global: {}\n");
    Files.writeString(folder.resolve("alertmanager.yml"), config);
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "--config.file=" + folder.resolve("prometheus.yml"),
                "--alertmanager.config.file=" + folder.resolve("alertmanager.yml"),
                "--storage.tsdb.path=" + folder.resolve("data"),
                "--web.listen-address=127.0.0.1:0"));
    arguments.addAll(flags);
    String prefix = "";
    for (String flag : flags) {
      if (flag.startsWith("--web.route-prefix=")) {
        prefix = flag.substring(flag.indexOf('=') + 1).replaceFirst("/+$", "");
      }
    }
    ScenarioServer server =
        new ScenarioServer(
            installation.command(folder, arguments, options).start(),
            folder.resolve("server.log"),
            prefix);
    try {
      server.awaitReady();
    } catch (IOException | InterruptedException | RuntimeException e) {
      server.close();
      throw e;
    }
    return server;
  }

  private void awaitReady() throws IOException, InterruptedException {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (System.nanoTime() < deadline) {
      if (!process.isAlive()) {
        throw new ScenarioException("the server ended: " + lastLine());
      }
      if (port == 0) {
        Matcher m = LISTENING.matcher(Files.readString(log));
        port = m.find() ? Integer.parseInt(m.group(1)) : 0;
      }
      try {
        if (port != 0
            && send("GET", prefix + "/-/ready", null).statusCode() == 200
            && send("GET", prefix + "/api/v2/status", null).statusCode() == 200) {
          return;
        }
      } catch (IOException e) {
        // not listening yet
      }
      Thread.sleep(20);
    }
    throw new ScenarioException(
        "the server was not ready after " + PATIENCE.toSeconds() + " s: " + lastLine());
  }

  private String lastLine() throws IOException {
    List<String> lines = Files.readAllLines(log);
    return lines.isEmpty() ? "it printed nothing" : lines.getLast();
  }

  /** Waits until the process has finished its start. */
  void awaitIdle() throws InterruptedException {
    long deadline = System.nanoTime() + Duration.ofSeconds(30).toNanos();
    long before = cpu();
    while (System.nanoTime() < deadline && process.isAlive()) {
      Thread.sleep(400);
      long now = cpu();
      if (now - before < 400e6 * IDLE) {
        return;
      }
      before = now;
    }
  }

  private long cpu() {
    return process.info().totalCpuDuration().map(Duration::toNanos).orElse(0L);
  }

  /** Returns the address without path, to which a scenario's paths are added. */
  String base() {
    return "http://127.0.0.1:" + port;
  }

  /** Returns the address that clients of the API are given. */
  String url() {
    return base() + prefix;
  }

  HttpResponse<String> send(String method, String path, @Nullable String json)
      throws IOException, InterruptedException {
    return send(method, path, json, Map.of());
  }

  HttpResponse<String> send(
      String method, String path, @Nullable String body, Map<String, String> headers)
      throws IOException, InterruptedException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(base() + path))
            .timeout(TIMEOUT)
            .method(
                method,
                body == null
                    ? BodyPublishers.noBody()
                    : BodyPublishers.ofString(body, StandardCharsets.UTF_8));
    if (body != null) {
      request.setHeader("Content-Type", "application/json");
    }
    headers.forEach(request::setHeader);
    return client.send(request.build(), BodyHandlers.ofString(StandardCharsets.UTF_8));
  }

  /** Sends to the API, below the route prefix. */
  HttpResponse<String> api(String method, String path, @Nullable String json)
      throws IOException, InterruptedException {
    return send(method, prefix + "/api/v2/" + path, json);
  }

  static String encode(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }

  /** Has the server read its configuration again. */
  void reload() throws IOException, InterruptedException {
    int status =
        new ProcessBuilder("kill", "-HUP", Long.toString(process.pid()))
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start()
            .waitFor();
    if (status != 0) {
      throw new ScenarioException("reload: kill -HUP ended with " + status);
    }
  }

  boolean alive() {
    return process.isAlive();
  }

  /** Ends the process as an operator does and waits for its end. */
  void stop() throws InterruptedException {
    process.destroy();
    if (!process.waitFor(60, TimeUnit.SECONDS)) {
      process.destroyForcibly().waitFor();
    }
  }

  @Override
  public void close() {
    // its data is not needed any more, and a clean shutdown takes seconds
    process.destroyForcibly();
    try {
      process.waitFor(30, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    client.close();
  }
}
