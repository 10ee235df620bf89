package io.narthex.bench.ui;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A headless Chromium, steered through chromedriver by the W3C WebDriver protocol. */
public final class Browser implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String ELEMENT = "element-6066-11e4-a52e-4f735466cecf";
  private static final Pattern PORT = Pattern.compile("on port (\\d+)", 0);

  private final HttpClient client = HttpClient.newHttpClient();
  private final Process driver;
  private final String session;

  /** Starts driver and browser. */
  public Browser(Path chromedriver, Path chromium, Path profile) {
    try {
      driver =
          new ProcessBuilder(chromedriver.toString(), "--port=0").redirectErrorStream(true).start();
      BufferedReader out =
          new BufferedReader(
              new InputStreamReader(driver.getInputStream(), StandardCharsets.UTF_8));
      String base = "";
      while (base.isEmpty()) {
        String line = out.readLine();
        if (line == null) {
          throw new IOException("chromedriver ended");
        }
        Matcher port = PORT.matcher(line);
        if (line.contains("started successfully") && port.find()) {
          base = "http://127.0.0.1:" + port.group(1);
        }
      }
      Thread.ofPlatform().daemon().name("chromedriver").start(() -> out.lines().forEach(l -> {}));
      ObjectNode body = JSON.createObjectNode();
      ObjectNode options =
          body.putObject("capabilities").putObject("alwaysMatch").putObject("goog:chromeOptions");
      options.put("binary", chromium.toString());
      var arguments = options.putArray("args");
      for (String argument :
          List.of(
              "--headless=new",
              "--no-sandbox", // test machines run as root
              "--disable-gpu",
              "--disable-dev-shm-usage",
              "--no-first-run",
              // nothing but this machine can be reached
              "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
              "--window-size=1200,900",
              "--user-data-dir=" + profile)) {
        arguments.add(argument);
      }
      ((ObjectNode) body.path("capabilities").path("alwaysMatch"))
          .putObject("goog:loggingPrefs")
          .put("browser", "ALL");
      JsonNode answer = send("POST", base + "/session", body);
      session = base + "/session/" + answer.path("sessionId").asText();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private JsonNode send(String method, String url, ObjectNode body) {
    try {
      HttpRequest.Builder request =
          HttpRequest.newBuilder(URI.create(url)).timeout(Duration.ofSeconds(120));
      if (method.equals("POST")) {
        request
            .header("Content-Type", "application/json")
            .POST(BodyPublishers.ofString(body.toString()));
      } else {
        request.method(method, BodyPublishers.noBody());
      }
      JsonNode answer =
          JSON.readTree(client.send(request.build(), BodyHandlers.ofString()).body()).path("value");
      if (answer.has("error")) {
        throw new IllegalStateException(
            answer.path("error").asText() + ": " + answer.path("message").asText());
      }
      return answer;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  private JsonNode post(String command, ObjectNode body) {
    return send("POST", session + "/" + command, body);
  }

  /** Opens a page. */
  public void open(String url) {
    post("url", JSON.createObjectNode().put("url", url));
  }

  /** Returns the page's title. */
  public String title() {
    return send("GET", session + "/title", JSON.createObjectNode()).asText();
  }

  /** Returns the elements with a test id. */
  public List<String> find(String testId) {
    ObjectNode body = JSON.createObjectNode();
    body.put("using", "css selector").put("value", "[data-testid=\"" + testId + "\"]");
    List<String> found = new ArrayList<>();
    post("elements", body).forEach(e -> found.add(e.path(ELEMENT).asText()));
    return found;
  }

  /** Waits until there is an element with a test id and returns the first. */
  public String await(String testId) {
    until("\"" + testId + "\" in the page", () -> !find(testId).isEmpty());
    return find(testId).getFirst();
  }

  /** Waits at most 30 s until a condition holds. */
  public void until(String what, BooleanSupplier condition) {
    until(what, PATIENCE, condition);
  }

  /** Waits until a condition holds. */
  public void until(String what, Duration patience, BooleanSupplier condition) {
    long deadline = System.nanoTime() + patience.toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > deadline) {
        throw new IllegalStateException(
            "after " + patience.toSeconds() + " s still not there: " + what);
      }
      try {
        Thread.sleep(50);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException(e);
      }
    }
  }

  /** Makes the window as large as the page should be, in CSS pixels. */
  public void size(int width, int height) {
    post("window/rect", JSON.createObjectNode().put("width", width).put("height", height));
  }

  /** Says what the reader prefers, as media features such as {@code prefers-color-scheme}. */
  public void prefers(Map<String, String> features) {
    ObjectNode body = JSON.createObjectNode().put("cmd", "Emulation.setEmulatedMedia");
    var list = body.putObject("params").putArray("features");
    features.forEach((name, value) -> list.addObject().put("name", name).put("value", value));
    post("goog/cdp/execute", body);
  }

  /** Opens another tab, which commands go to from now on, and returns its handle. */
  public String newTab() {
    String handle =
        post("window/new", JSON.createObjectNode().put("type", "tab")).path("handle").asText();
    switchTo(handle);
    return handle;
  }

  /** Returns the handle of the tab that commands go to. */
  public String tab() {
    return send("GET", session + "/window", JSON.createObjectNode()).asText();
  }

  /** Has commands go to a tab. */
  public void switchTo(String tab) {
    post("window", JSON.createObjectNode().put("handle", tab));
  }

  /** Closes the tab that commands go to. */
  public void closeTab() {
    send("DELETE", session + "/window", JSON.createObjectNode());
  }

  /** Returns the addresses of everything that the page has loaded. */
  public List<String> requests() {
    List<String> found = new ArrayList<>();
    script("return performance.getEntriesByType('resource').map((e) => e.name)")
        .forEach(name -> found.add(name.asText()));
    return found;
  }

  /** Returns the visible text of an element. */
  public String text(String element) {
    return send("GET", session + "/element/" + element + "/text", JSON.createObjectNode()).asText();
  }

  /** Returns an attribute of an element, empty without it. */
  public String attribute(String element, String name) {
    return send(
            "GET", session + "/element/" + element + "/attribute/" + name, JSON.createObjectNode())
        .asText();
  }

  /** Clicks an element. */
  public void click(String element) {
    post("element/" + element + "/click", JSON.createObjectNode());
  }

  /** Types into an element. */
  public void type(String element, String text) {
    post("element/" + element + "/value", JSON.createObjectNode().put("text", text));
  }

  /** Runs the body of a function in the page and returns its result. */
  public JsonNode script(String script) {
    ObjectNode body = JSON.createObjectNode().put("script", script);
    body.putArray("args");
    return post("execute/sync", body);
  }

  /** Runs the body of a function in the page, which passes its result to {@code done}. */
  public JsonNode async(String script) {
    ObjectNode body =
        JSON.createObjectNode()
            .put("script", "const done = arguments[arguments.length - 1];\n" + script);
    body.putArray("args");
    return post("execute/async", body);
  }

  /** Returns errors that the page wrote to the console since the last call. */
  public List<String> consoleErrors() {
    List<String> errors = new ArrayList<>();
    post("se/log", JSON.createObjectNode().put("type", "browser"))
        .forEach(entry -> {
          if (entry.path("level").asText().equals("SEVERE")) {
            errors.add(entry.path("message").asText());
          }
        });
    return errors;
  }

  /** Keeps a picture of the page. */
  public void screenshot(Path file) {
    try {
      Files.createDirectories(file.toAbsolutePath().getParent());
      Files.write(
          file,
          Base64.getDecoder()
              .decode(send("GET", session + "/screenshot", JSON.createObjectNode()).asText()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    try {
      send("DELETE", session, JSON.createObjectNode());
    } catch (UncheckedIOException | IllegalStateException e) {
      // it is ended below
    } finally {
      driver.descendants().forEach(ProcessHandle::destroyForcibly);
      driver.destroyForcibly();
    }
  }
}
