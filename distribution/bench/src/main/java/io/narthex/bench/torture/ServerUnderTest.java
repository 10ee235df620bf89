package io.narthex.bench.torture;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
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
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/** The assembled server as a separate process, on a free loopback port. */
public final class ServerUnderTest implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(90);
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Process process;
  private final String base;
  private final Path data;
  private final Path log;
  private final HttpClient client =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(Duration.ofSeconds(10))
          .build();

  /**
   * The plugin manager's view of a plugin.
   *
   * @param kernel whether it is a part of the kernel
   * @param startedMs when the version that runs was started
   * @param formerLoaders class loaders of previous versions still alive
   */
  record PluginState(
      String version,
      String state,
      String reason,
      boolean kernel,
      long startedMs,
      int formerLoaders) {}

  private ServerUnderTest(Process process, String base, Path data, Path log) {
    this.process = process;
    this.base = base;
    this.data = data;
    this.log = log;
  }

  /**
   * How a process is started.
   *
   * @param prefix a command that ends by executing its arguments, or nothing
   * @param flags more flags of the server
   * @param javaOptions options of the JVM, used when the environment gives none
   */
  public record Launch(List<String> prefix, List<String> flags, String javaOptions) {
    static final Launch PLAIN =
        new Launch(List.of(), List.of("--web.enable-remote-write-receiver"), "-Xmx512m");
  }

  static ServerUnderTest start(Path assembled, Path folder, Path plugins)
      throws IOException, InterruptedException {
    return start(assembled, folder, plugins, Launch.PLAIN);
  }

  /**
   * Starts a server with {@code prometheus.yml} and {@code alertmanager.yml} of a folder and waits
   * until it is ready.
   */
  public static ServerUnderTest start(Path assembled, Path folder, Path plugins, Launch launch)
      throws IOException, InterruptedException {
    int port;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    Path data = folder.resolve("data");
    Path log = folder.resolve("server.log");
    List<String> command = new ArrayList<>(launch.prefix);
    command.add(assembled.resolve("bin/narthex").toString());
    command.add("--config.file=" + folder.resolve("prometheus.yml"));
    command.add("--storage.tsdb.path=" + data);
    command.add("--web.listen-address=127.0.0.1:" + port);
    command.addAll(launch.flags);
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().put("NARTHEX_PLUGINS", plugins.toString());
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    builder.environment().putIfAbsent("NARTHEX_JAVA_OPTS", launch.javaOptions);
    builder.redirectErrorStream(true).redirectOutput(log.toFile());
    ServerUnderTest server =
        new ServerUnderTest(builder.start(), "http://127.0.0.1:" + port, data, log);
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
        throw new IOException("the server ended with status " + process.exitValue() + "; " + log);
      }
      try {
        if (get("/-/ready").statusCode() == 200) {
          return;
        }
      } catch (IOException e) {
        // not listening yet
      }
      Thread.sleep(50);
    }
    throw new IOException("the server was not ready after " + PATIENCE.toSeconds() + " s; " + log);
  }

  /** Returns whether the process still runs. */
  public boolean alive() {
    return process.isAlive();
  }

  /** Returns the id of the process. */
  public long pid() {
    return process.pid();
  }

  /** Returns the port it listens on, of loopback. */
  public int port() {
    return URI.create(base).getPort();
  }

  /** Returns the file with what the server has written. */
  public Path log() {
    return log;
  }

  private HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create(base + path)).timeout(Duration.ofMinutes(2));
  }

  /** Gets a path, whatever the status. */
  public HttpResponse<String> get(String path) throws IOException, InterruptedException {
    return client.send(request(path).build(), BodyHandlers.ofString());
  }

  /** Encodes a value of a query string. */
  public static String encode(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }

  /**
   * Returns the field {@code data} of an answer of the query API.
   *
   * @throws IOException when the response is not a success
   */
  public JsonNode data(String path) throws IOException, InterruptedException {
    HttpResponse<String> response = get(path);
    JsonNode answer = JSON.readTree(response.body());
    if (response.statusCode() != 200) {
      throw new IOException(path + ": " + response.statusCode() + " " + response.body().strip());
    }
    return answer.path("data");
  }

  /** Reads JSON. */
  public static JsonNode parse(String json) throws IOException {
    return JSON.readTree(json);
  }

  /** Posts JSON and demands success. */
  void post(String path, String body) throws IOException, InterruptedException {
    HttpResponse<String> response =
        client.send(
            request(path)
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(body))
                .build(),
            BodyHandlers.ofString());
    if (response.statusCode() != 200) {
      throw new IOException(path + ": " + response.statusCode() + " " + response.body().strip());
    }
  }

  /** Posts nothing to a path; returns the answer whatever its status. */
  public HttpResponse<String> post(String path) throws IOException, InterruptedException {
    return client.send(
        request(path).POST(BodyPublishers.noBody()).build(), BodyHandlers.ofString());
  }

  /** Sends a remote write request of 1.0; returns the answer whatever its status. */
  public HttpResponse<String> write(byte[] body) throws IOException, InterruptedException {
    return write(body, false);
  }

  /**
   * Sends a remote write request; returns the answer whatever its status.
   *
   * @param second whether it is one of 2.0
   */
  public HttpResponse<String> write(byte[] body, boolean second)
      throws IOException, InterruptedException {
    return client.send(
        request("/api/v1/write")
            .header(
                "Content-Type",
                "application/x-protobuf" + (second ? ";proto=io.prometheus.write.v2.Request" : ""))
            .header("Content-Encoding", "snappy")
            .header("X-Prometheus-Remote-Write-Version", second ? "2.0.0" : "0.1.0")
            .POST(BodyPublishers.ofByteArray(body))
            .build(),
        BodyHandlers.ofString());
  }

  /** Uploads a jar as an admin; returns the answer whatever its status. */
  HttpResponse<String> upload(String fileName, byte[] jar)
      throws IOException, InterruptedException {
    String token = Files.readString(data.resolve("narthex/admin.token")).strip();
    return client.send(
        request("/narthex/api/v1/plugins/upload?file=" + encode(fileName))
            .header("Authorization", "Bearer " + token)
            .header("Content-Type", "application/java-archive")
            .PUT(BodyPublishers.ofByteArray(jar))
            .build(),
        BodyHandlers.ofString());
  }

  /** Returns all plugins and parts of the kernel by id. */
  Map<String, PluginState> plugins() throws IOException, InterruptedException {
    HttpResponse<String> response = get("/narthex/api/v1/plugins");
    if (response.statusCode() != 200) {
      throw new IOException("list of plugins: " + response.statusCode() + " " + response.body());
    }
    Map<String, PluginState> out = new TreeMap<>();
    for (JsonNode p : JSON.readTree(response.body()).path("plugins")) {
      out.put(
          p.path("id").asText(),
          new PluginState(
              p.path("version").asText(),
              p.path("state").asText(),
              p.path("reason").asText(),
              p.path("source").asText().equals("kernel"),
              p.path("started").asLong(),
              p.path("staleClassLoaders").asInt()));
    }
    return out;
  }

  /** Runs the collector of the server's JVM. */
  void collectGarbage() throws IOException, InterruptedException {
    jcmd("GC.run");
  }

  /**
   * Returns the bytes of the objects that are alive in the server's heap by class, after a full
   * collection; without what the collector fills gaps between objects with.
   */
  public Map<String, Long> liveBytes() throws IOException, InterruptedException {
    String[] lines = jcmd("GC.class_histogram").strip().split("\n", -1);
    if (!lines[lines.length - 1].strip().startsWith("Total")) {
      throw new IOException("jcmd GC.class_histogram ends with " + lines[lines.length - 1]);
    }
    Map<String, Long> bytes = new TreeMap<>();
    for (String line : lines) {
      String[] parts = line.strip().split("\\s+", -1); // number: instances bytes class (module)
      if (parts.length >= 4 && parts[0].endsWith(":") && !parts[3].contains("FillerElement")) {
        bytes.merge(parts[3], Long.parseLong(parts[2]), Long::sum);
      }
    }
    return bytes;
  }

  private String jcmd(String command) throws IOException, InterruptedException {
    Path jcmd = Path.of(System.getProperty("java.home"), "bin", "jcmd");
    if (!Files.isExecutable(jcmd)) {
      throw new IOException(jcmd + " is missing; a JDK is needed");
    }
    Process run =
        new ProcessBuilder(jcmd.toString(), Long.toString(process.pid()), command)
            .redirectErrorStream(true)
            .start();
    String output = new String(run.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (run.waitFor() != 0) {
      throw new IOException("jcmd " + command + ": " + output.strip());
    }
    return output;
  }

  /** Returns the bytes of metaspace in use, as the JVM exporter shows them. */
  long metaspace() throws IOException, InterruptedException {
    for (String line : get("/exporters/jvm/metrics").body().split("\n", -1)) {
      if (line.startsWith("jvm_memory_pool_used_bytes{pool=\"Metaspace\"}")) {
        return (long) Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1));
      }
    }
    throw new IOException("the JVM exporter shows no pool named Metaspace");
  }

  /** Kills the process: SIGKILL on Unix. */
  public void kill() throws InterruptedException {
    process.destroyForcibly();
    process.waitFor();
    client.shutdownNow();
  }

  @Override
  public void close() {
    process.destroy();
    try {
      if (!process.waitFor(30, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
    client.close();
  }
}
