package io.narthex.itests;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A server that runs as a process, started with the script of the packed distribution. */
final class Server implements AutoCloseable {
  /** How long a server may take to be ready on a busy machine. */
  static final Duration PATIENCE = Duration.ofSeconds(60);

  /**
   * What the JVM of a server is given: without the optimising compiler, which does not pay in the
   * few seconds that most servers of tests live. See {@link Setup#asShipped}.
   */
  static final String JAVA_OPTIONS = "-Xmx400m -XX:TieredStopAtLevel=1";

  private static final int LINES_SHOWN = 60;
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Pattern LISTENING = Pattern.compile("Listening on \\S*?:(\\d+)", 0);

  private final Process process;
  private final List<String> log = new ArrayList<>(); // guarded by itself
  private final HttpClient client =
      HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5)).build();
  private final Thread reader;
  private final long started = System.nanoTime();
  private volatile String lastAnswer = "";

  private Server(Process process) {
    this.process = process;
    Evidence.of(this);
    reader = Thread.ofPlatform().daemon().name("server log").start(this::read);
  }

  /** What a server is started with. */
  static final class Setup {
    private final Path home;
    private final List<String> arguments = new ArrayList<>();
    private final List<String> under = new ArrayList<>();
    private final Map<String, String> environment = new LinkedHashMap<>();

    Setup(Path home) {
      this.home = home;
    }

    Setup with(String... more) {
      arguments.addAll(List.of(more));
      return this;
    }

    Setup environment(String name, String value) {
      environment.put(name, value);
      return this;
    }

    /** Leaves out what lets servers of tests start with less work. */
    Setup asShipped() {
      return environment("NARTHEX_JAVA_OPTS", "-Xmx400m").environment("NARTHEX_CLASSES", "");
    }

    /** Has another command, for example {@code nohup}, start the process. */
    Setup under(String command) {
      under.add(command);
      return this;
    }

    /** Starts the process and does not wait for anything. */
    Server launch() {
      List<String> command = new ArrayList<>(under);
      command.add(home.resolve("bin/narthex").toString());
      command.addAll(arguments);
      ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
      builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
      builder.environment().put("NARTHEX_JAVA_OPTS", JAVA_OPTIONS);
      if (!environment.containsKey("NARTHEX_CLASSES")) {
        builder.environment().put("NARTHEX_CLASSES", Distribution.classes().toString());
      }
      builder.environment().putAll(environment);
      builder.directory(home.toFile());
      try {
        return new Server(builder.start());
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    /** Starts the process on a free port and waits until it is ready. */
    Server start() {
      if (arguments.stream().noneMatch(a -> a.startsWith("--web.listen-address"))) {
        with("--web.listen-address=127.0.0.1:0");
      }
      Server server = launch();
      try {
        await("ready", () -> server.ready());
      } catch (RuntimeException | Error e) {
        server.close();
        throw e;
      }
      return server;
    }
  }

  private void read() {
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        synchronized (log) {
          log.add(line);
          log.notifyAll();
        }
      }
    } catch (IOException e) {
      synchronized (log) {
        log.add("(the log ended: " + e.getMessage() + ")");
      }
    }
  }

  /** Returns what the process has printed. */
  String log() {
    synchronized (log) {
      return String.join("\n", log);
    }
  }

  /** Returns what helps to understand a failed test: the end of the log, targets and plugins. */
  String evidence() {
    List<String> lines = log().lines().toList();
    StringBuilder out = new StringBuilder("server " + pid() + ", the end of its log:\n");
    lines
        .subList(Math.max(0, lines.size() - LINES_SHOWN), lines.size())
        .forEach(line -> out.append(line).append('\n'));
    out.append("last query: ").append(lastAnswer).append('\n');
    if (alive()) {
      for (String path : List.of("api/v1/targets", "narthex/api/v1/plugins")) {
        try {
          out.append(path).append(": ").append(get(path).body()).append('\n');
        } catch (RuntimeException e) {
          out.append(path).append(": ").append(e).append('\n');
        }
      }
    }
    return out.toString();
  }

  long pid() {
    return process.pid();
  }

  boolean alive() {
    return process.isAlive();
  }

  /** Milliseconds since the process was started. */
  long age() {
    return (System.nanoTime() - started) / 1_000_000;
  }

  /** Returns how long processors have worked for the process. */
  Duration work() {
    return process.info().totalCpuDuration().orElseThrow();
  }

  /** Returns the port, or 0 while it does not listen. */
  int port() {
    Matcher matcher = LISTENING.matcher(log());
    return matcher.find() ? Integer.parseInt(matcher.group(1)) : 0;
  }

  String url(String path) {
    return "http://127.0.0.1:" + port() + "/" + path;
  }

  private boolean ready() {
    if (!process.isAlive()) {
      throw new IllegalStateException("the server ended:\n" + log());
    }
    try {
      return port() != 0 && get("-/ready").statusCode() == 200;
    } catch (UncheckedIOException e) {
      return false;
    }
  }

  private HttpResponse<String> send(HttpRequest request) {
    try {
      return client.send(request, BodyHandlers.ofString(StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  private HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create(url(path))).timeout(Duration.ofSeconds(20));
  }

  HttpResponse<String> get(String path) {
    return send(request(path).build());
  }

  /** Posts a form, as Grafana does. */
  HttpResponse<String> post(String path, String... namesAndValues) {
    return send(
        request(path)
            .header("Content-Type", "application/x-www-form-urlencoded")
            .POST(BodyPublishers.ofString(form(namesAndValues)))
            .build());
  }

  /** Sends bytes with a token of the caller's choice; without one when it is empty. */
  HttpResponse<String> send(String method, String path, byte[] body, String token) {
    HttpRequest.Builder request = request(path).method(method, BodyPublishers.ofByteArray(body));
    return send(
        (token.isEmpty() ? request : request.header("Authorization", "Bearer " + token)).build());
  }

  /** Posts JSON, as clients of Alertmanager do. */
  HttpResponse<String> postJson(String path, String json) {
    return send(
        request(path)
            .header("Content-Type", "application/json")
            .POST(BodyPublishers.ofString(json))
            .build());
  }

  /** Has the process collect its garbage. */
  void collectGarbage() {
    Path jcmd = Path.of(System.getProperty("java.home"), "bin", "jcmd");
    try {
      int status =
          new ProcessBuilder(
                  jcmd.toString(),
                  "-J-XX:TieredStopAtLevel=1",
                  "-J-XX:+UseSerialGC",
                  Long.toString(process.pid()),
                  "GC.run")
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start()
              .waitFor();
      if (status != 0) {
        throw new IllegalStateException("jcmd ended with " + status);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /** Waits until a condition holds, and has the process collect its garbage meanwhile. */
  void awaitCollected(String what, Supplier<Boolean> condition) {
    org.awaitility.Awaitility.await(what)
        .pollInterval(Duration.ofMillis(250)) // a collection takes a process of its own
        .atMost(PATIENCE)
        .until(() -> {
          if (condition.get()) {
            return true;
          }
          collectGarbage();
          return condition.get();
        });
  }

  /** Sends a request to the plugin manager with the admin token. */
  HttpResponse<String> admin(
      String method, String path, Path data, HttpRequest.BodyPublisher body) {
    try {
      String token = Files.readString(data.resolve("narthex/admin.token")).strip();
      return send(
          request(path).header("Authorization", "Bearer " + token).method(method, body).build());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static String form(String... namesAndValues) {
    StringBuilder form = new StringBuilder();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      form.append(form.isEmpty() ? "" : "&")
          .append(namesAndValues[i])
          .append('=')
          .append(URLEncoder.encode(namesAndValues[i + 1], StandardCharsets.UTF_8));
    }
    return form.toString();
  }

  static JsonNode parse(String text) {
    try {
      return JSON.readTree(text);
    } catch (IOException e) {
      throw new UncheckedIOException("not JSON: " + text, e);
    }
  }

  JsonNode json(String path) {
    return parse(get(path).body());
  }

  /** Returns the result of an instant query: a list of series with value. */
  JsonNode query(String expression) {
    JsonNode answer = json("api/v1/query?" + form("query", expression));
    lastAnswer = expression + ": " + answer;
    if (!answer.path("status").asText().equals("success")) {
      throw new IllegalStateException(expression + ": " + answer);
    }
    return answer.path("data").path("result");
  }

  /** Returns the value of an instant query with one series, NaN when it has none. */
  double value(String expression) {
    JsonNode result = query(expression);
    return result.size() == 1
        ? Double.parseDouble(result.get(0).path("value").path(1).asText())
        : Double.NaN;
  }

  /** Returns the value of one of the server's own series, as its text names it, 0 without one. */
  double ownMetric(String series) {
    return get("metrics")
        .body()
        .lines()
        .filter(l -> l.startsWith(series + " "))
        .mapToDouble(l -> Double.parseDouble(l.substring(series.length() + 1)))
        .sum();
  }

  /** Returns what the plugin manager says of a plugin, a missing node when it does not know it. */
  JsonNode plugin(String id) {
    for (JsonNode plugin : json("narthex/api/v1/plugins").path("plugins")) {
      if (plugin.path("id").asText().equals(id)) {
        return plugin;
      }
    }
    return JSON.missingNode();
  }

  /** Sends a signal, for example HUP. */
  void signal(String name) {
    try {
      int status =
          new ProcessBuilder("kill", "-" + name, Long.toString(process.pid()))
              .inheritIO()
              .start()
              .waitFor();
      if (status != 0) {
        throw new IllegalStateException("kill -" + name + " ended with " + status);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /** Waits for the end and returns the exit status. */
  int awaitEnd() {
    try {
      if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw new IllegalStateException("the server does not end:\n" + log());
      }
      reader.join(2_000);
      return process.exitValue();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /** Ends the process like a power cut would. */
  void kill() {
    process.destroyForcibly();
    awaitEnd();
  }

  /** Waits until a condition holds. */
  static void await(String what, Supplier<Boolean> condition) {
    await(what, PATIENCE, condition);
  }

  /** Waits until a condition holds, at most for a given time. */
  static void await(String what, Duration atMost, Supplier<Boolean> condition) {
    org.awaitility.Awaitility.await(what)
        .pollInterval(Duration.ofMillis(50))
        .atMost(atMost)
        .until(condition::get);
  }

  /** Ends the process as an operator would. */
  void stop() {
    client.shutdownNow(); // a server waits a second for clients that stay
    process.destroy();
    awaitDeath(10);
  }

  /** Kills the process: nothing of it is needed any more, and an orderly end takes its time. */
  @Override
  public void close() {
    client.shutdownNow();
    process.destroyForcibly();
    awaitDeath(30);
  }

  private void awaitDeath(int seconds) {
    try {
      if (!process.waitFor(seconds, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      process.destroyForcibly();
    }
  }
}
