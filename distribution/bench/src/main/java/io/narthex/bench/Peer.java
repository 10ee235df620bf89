package io.narthex.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
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
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A server under comparison: a process of ours on a free loopback port, with a folder of its own.
 */
public final class Peer implements AutoCloseable {
  private static final HttpClient CLIENT =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  /** Short next to the quickest start. */
  private static final long POLL_MS = 5;

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String VICTORIA_METRICS = "victoria-metrics";

  final String name;
  final String base;
  private final Process process;
  private final Thread atExit;
  private @Nullable HttpProbe probe;

  private Peer(String name, String base, Process process) {
    this.name = name;
    this.base = base;
    this.process = process;
    atExit = new Thread(process::destroy);
    Runtime.getRuntime().addShutdownHook(atExit);
  }

  /** Returns a program from {@code NARTHEX_PEERS} or PATH. */
  public static Path program(String name) {
    List<String> folders = new ArrayList<>();
    Optional.ofNullable(System.getenv("NARTHEX_PEERS")).ifPresent(folders::add);
    folders.addAll(List.of(Optional.ofNullable(System.getenv("PATH")).orElse("").split(":")));
    for (String folder : folders) {
      Path file = Path.of(folder, name);
      if (Files.isExecutable(file)) {
        return file;
      }
    }
    throw new IllegalArgumentException(
        name
            + " is not in NARTHEX_PEERS or PATH; install it (Debian package "
            + name
            + ") or set NARTHEX_PEERS to a folder that has it");
  }

  /** Starts a server that tells at {@code /-/ready} when it is ready, and waits for that. */
  public static Peer start(
      String name, List<String> command, Path folder, int port, Duration patience)
      throws IOException, InterruptedException {
    return start(name, command, folder, port, patience, "/-/ready");
  }

  /** Starts a server and waits until a path is answered with 200. */
  public static Peer start(
      String name, List<String> command, Path folder, int port, Duration patience, String ready)
      throws IOException, InterruptedException {
    Files.createDirectories(folder);
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.directory(folder.toFile());
    builder.redirectErrorStream(true);
    builder.redirectOutput(folder.resolve(name + ".log").toFile());
    Process process = builder.start();
    Peer peer = new Peer(name, "http://127.0.0.1:" + port, process);
    long deadline = System.nanoTime() + patience.toNanos();
    while (System.nanoTime() < deadline) {
      if (!process.isAlive()) {
        throw new IOException(
            name
                + " ended with status "
                + process.exitValue()
                + "; see "
                + folder.resolve(name + ".log"));
      }
      try {
        if (peer.get(ready).statusCode() == 200) {
          return peer;
        }
      } catch (IOException e) {
        // not listening yet
      }
      Thread.sleep(POLL_MS);
    }
    peer.close();
    throw new IOException(
        name
            + " was not ready after "
            + patience.toSeconds()
            + " s; see "
            + folder.resolve(name + ".log"));
  }

  /** Returns a port that is free now. */
  public static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  /** Starts the real Prometheus on an empty folder. */
  public static Peer prometheus(Path folder) throws IOException, InterruptedException {
    int port = freePort();
    Files.createDirectories(folder);
    Files.writeString(
        folder.resolve("empty.yml"), "storage: {tsdb: {out_of_order_time_window: 0s}}\n");
    return start(
        "prometheus",
        List.of(
            program("prometheus").toString(),
            "--config.file=empty.yml",
            "--storage.tsdb.path=data",
            "--storage.tsdb.retention.time=100y",
            "--web.listen-address=127.0.0.1:" + port,
            "--web.enable-remote-write-receiver",
            "--enable-feature=promql-experimental-functions,native-histograms",
            "--query.max-samples=200000000"),
        folder,
        port,
        Duration.ofSeconds(30));
  }

  /** Starts the assembled Narthex of this checkout on an empty folder. */
  public static Peer narthex(Path assembled, Path folder) throws IOException, InterruptedException {
    int port = freePort();
    Files.createDirectories(folder);
    Files.writeString(folder.resolve("empty.yml"), "global: {}\n");
    return start(
        "narthex",
        List.of(
            assembled.resolve("bin/narthex").toString(),
            "--config.file=empty.yml",
            "--storage.tsdb.path=data",
            "--storage.tsdb.retention.time=100y",
            "--web.listen-address=127.0.0.1:" + port,
            "--web.enable-remote-write-receiver",
            "--enable-feature=promql-experimental-functions",
            "--query.max-samples=200000000"),
        folder,
        port,
        Duration.ofSeconds(30));
  }

  /** Starts VictoriaMetrics on an empty folder, with all of its caches except that of results. */
  static Peer victoriaMetrics(Path folder) throws IOException, InterruptedException {
    int port = freePort();
    return start(
        VICTORIA_METRICS,
        List.of(
            program("victoria-metrics").toString(),
            "-storageDataPath=data",
            "-retentionPeriod=100y",
            "-httpListenAddr=127.0.0.1:" + port,
            "-search.latencyOffset=0s"),
        folder,
        port,
        Duration.ofSeconds(30));
  }

  /**
   * Returns whether native histograms are stored as such. VictoriaMetrics makes a float series of
   * each bucket, 43 of a histogram of schema 3 here, under names that the same query does not find.
   */
  boolean keepsHistograms() {
    return !name.equals(VICTORIA_METRICS);
  }

  /** Fetches an answer and drops it; demands success. */
  public void fetch(String path) throws IOException {
    int status = ask(path);
    if (status != 200) {
      throw new IOException(name + " answered " + status + " to " + path);
    }
  }

  /** Fetches an answer and drops it; returns its status. */
  int ask(String path) throws IOException {
    try {
      return probe().get(path);
    } catch (IOException e) {
      // servers close connections that have been open for long; a second failure has another cause
      closeProbe();
      return probe().get(path);
    }
  }

  private HttpProbe probe() throws IOException {
    HttpProbe open = probe;
    if (open == null) {
      open = new HttpProbe(base);
      probe = open;
    }
    return open;
  }

  private void closeProbe() {
    HttpProbe open = probe;
    probe = null;
    if (open != null) {
      try {
        open.close();
      } catch (IOException e) {
        // it is unusable
      }
    }
  }

  /** Gets a path, whatever the status. */
  public HttpResponse<String> get(String path) throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(base + path))
            .timeout(Duration.ofMinutes(2))
            .GET()
            .build();
    return CLIENT.send(request, BodyHandlers.ofString());
  }

  /** Posts a form and reads the answer, whatever the status. */
  public JsonNode json(String path, String... namesAndValues)
      throws IOException, InterruptedException {
    StringBuilder body = new StringBuilder();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      body.append(body.isEmpty() ? "" : "&")
          .append(URLEncoder.encode(namesAndValues[i], StandardCharsets.UTF_8))
          .append('=')
          .append(URLEncoder.encode(namesAndValues[i + 1], StandardCharsets.UTF_8));
    }
    return JSON.readTree(form(path, body.toString()).body());
  }

  /** Returns an address of the server. */
  public String url(String path) {
    return base + path;
  }

  /** Asks and reads the answer, however long it is. */
  public Answer answer(String path) throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(base + path))
            .timeout(Duration.ofMinutes(3))
            .GET()
            .build();
    try (InputStream body = CLIENT.send(request, BodyHandlers.ofInputStream()).body()) {
      return Answer.read(body);
    }
  }

  HttpResponse<String> form(String path, String body) throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(base + path))
            .timeout(Duration.ofMinutes(2))
            .header("Content-Type", "application/x-www-form-urlencoded")
            .POST(BodyPublishers.ofString(body))
            .build();
    return CLIENT.send(request, BodyHandlers.ofString());
  }

  /** Sends a remote write request and demands success. */
  public void write(byte[] snappy) throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(base + "/api/v1/write"))
            .timeout(Duration.ofMinutes(2))
            .header("Content-Type", "application/x-protobuf")
            .header("Content-Encoding", "snappy")
            .header("X-Prometheus-Remote-Write-Version", "0.1.0")
            .POST(BodyPublishers.ofByteArray(snappy))
            .build();
    HttpResponse<String> response = CLIENT.send(request, BodyHandlers.ofString());
    if (response.statusCode() / 100 != 2) {
      throw new IOException(
          name + " refused a write: " + response.statusCode() + " " + response.body().strip());
    }
  }

  /** Returns the id of the process. */
  public long pid() {
    return process.pid();
  }

  /** Kills the process: SIGKILL on Unix. */
  public void kill() throws InterruptedException {
    closeProbe();
    Runtime.getRuntime().removeShutdownHook(atExit);
    process.destroyForcibly();
    process.waitFor();
  }

  /** Returns CPU seconds used so far by the process. */
  public double cpuSeconds() {
    return process.toHandle().info().totalCpuDuration().map(d -> d.toNanos() / 1e9).orElse(0.0);
  }

  /** Returns the most memory the process has had resident, bytes; 0 where that is not known. */
  long peakMemory() {
    Path status = Path.of("/proc", Long.toString(process.pid()), "status");
    try (Stream<String> lines = Files.lines(status)) {
      return lines
          .filter(line -> line.startsWith("VmHWM:"))
          .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) << 10)
          .findFirst()
          .orElse(0);
    } catch (IOException | UncheckedIOException e) {
      return 0; // not Linux
    }
  }

  @Override
  public void close() {
    closeProbe();
    process.destroy();
    try {
      Runtime.getRuntime().removeShutdownHook(atExit);
    } catch (IllegalStateException e) {
      // the process is ending
    }
    try {
      if (!process.waitFor(30, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
