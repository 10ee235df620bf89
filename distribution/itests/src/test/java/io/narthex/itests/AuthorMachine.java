package io.narthex.itests;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * The machine of somebody who writes plugins: a copy of the assembled distribution outside of any
 * checkout, Maven with an empty local repository, a home of its own.
 *
 * <p>Nothing of {@code io.narthex} comes from elsewhere than the distribution's folder {@code
 * maven}. Artifacts of third parties are looked for in the local repository of the user who runs
 * the tests first, which serves as a remote repository here, and in Maven Central after that: the
 * projects need the Maven plugins that this build needs, so as a rule nothing is downloaded. With
 * {@code -Dauthorkit.central=true} all of it comes from Maven Central.
 */
final class AuthorMachine implements AutoCloseable {
  private static final long COMMAND_MINUTES = 5;
  private static final boolean CENTRAL_ONLY = Boolean.getBoolean("authorkit.central");

  private final Path folder;
  private final Path home;
  private final Map<String, String> environment = new LinkedHashMap<>();
  private final List<String> commands = new ArrayList<>();
  private final Set<String> fetched = new HashSet<>();
  private final HttpServer seed;

  AuthorMachine(Path folder) throws IOException {
    this.folder = folder;
    home = folder.resolve("opt/narthex");
    Files.createDirectories(folder.resolve("opt"));
    Files.createDirectories(folder.resolve("work"));
    Path user = folder.resolve("home");
    Files.createDirectories(user.resolve(".m2"));
    environment.put(
        "PATH", home.resolve("bin") + ":" + System.getenv().getOrDefault("PATH", "/usr/bin:/bin"));
    environment.put("JAVA_HOME", System.getProperty("java.home"));
    environment.put(
        "MAVEN_OPTS",
        "-Duser.home="
            + user
            + " -Xmx400m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Dstyle.color=never");
    bash(folder, "cp -a '" + Tree.assembled() + "' '" + home + "'");
    seed = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 50);
    seed.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    seed.createContext("/", this::serve);
    seed.start();
    writeSettings(user.resolve(".m2/settings.xml"));
    requireMaven();
  }

  private void requireMaven() {
    Result result = execute(folder, "command -v mvn");
    if (result.status() != 0) {
      throw new IllegalStateException(
          "Maven is not on the PATH; install it, for example: apt-get install maven");
    }
  }

  private void writeSettings(Path settings) throws IOException {
    String repository =
        "<id>seed</id><url>http://127.0.0.1:"
            + seed.getAddress().getPort()
            + "/</url><releases><checksumPolicy>ignore</checksumPolicy></releases>";
    Files.writeString(
        settings,
        """
        <settings>
          <profiles>
            <profile>
              <id>seed</id>
              <repositories><repository>%s</repository></repositories>
              <pluginRepositories><pluginRepository>%s</pluginRepository></pluginRepositories>
            </profile>
            <profile>
              <id>narthex</id>
              <repositories><repository><id>archetype</id><url>%s</url></repository></repositories>
            </profile>
          </profiles>
          <activeProfiles>%s</activeProfiles>
        </settings>
        """
            .formatted(
                repository,
                repository,
                repositoryUrl(),
                CENTRAL_ONLY ? "" : "<activeProfile>seed</activeProfile>"));
  }

  /** Serves the local repository of the user who runs the tests, ours left out. */
  private void serve(HttpExchange exchange) throws IOException {
    Path local =
        Path.of(
            System.getProperty(
                "localRepository", System.getProperty("user.home") + "/.m2/repository"));
    String path = exchange.getRequestURI().getPath();
    Path file = local.resolve(path.substring(1)).normalize();
    if (path.startsWith("/io/narthex/") || !file.startsWith(local) || !Files.isRegularFile(file)) {
      exchange.sendResponseHeaders(404, -1);
    } else {
      boolean head = exchange.getRequestMethod().equals("HEAD");
      exchange.sendResponseHeaders(200, head ? -1 : Files.size(file));
      if (!head) {
        Files.copy(file, exchange.getResponseBody());
      }
    }
    exchange.close();
  }

  /**
   * Has Maven fetch a plugin that this build does not need, into the local repository of the user
   * who runs the tests: once, not for every run.
   */
  void fetch(String plugin) {
    if (!CENTRAL_ONLY && fetched.add(plugin)) {
      bash(folder, "MAVEN_OPTS= mvn -q -B " + plugin + ":help");
    }
  }

  /** Returns the folder of the distribution. */
  Path home() {
    return home;
  }

  /** Returns the folder that projects are made in. */
  Path work() {
    return folder.resolve("work");
  }

  /** Returns the local repository of Maven. */
  Path localRepository() {
    return folder.resolve("home/.m2/repository");
  }

  /** Returns the URL of the distribution's Maven repository. */
  String repositoryUrl() {
    return home.resolve("maven").toUri().toString().replaceFirst("/$", "");
  }

  /** Sets a variable of the environment of all commands from now on. */
  void set(String name, String value) {
    environment.put(name, value);
  }

  /** Returns the commands typed so far and forgets them. */
  List<String> takeCommands() {
    List<String> typed = List.copyOf(commands);
    commands.clear();
    return typed;
  }

  /** Notes a command that the test executes by other means. */
  void typed(String command) {
    commands.add(command);
  }

  /**
   * What a command has given.
   *
   * @param output both streams
   */
  record Result(int status, String output) {}

  /** Types a command that has to work and returns what it prints. */
  String type(Path directory, String command) {
    commands.add(command);
    return bash(directory, command);
  }

  /** Runs a command that has to work and returns what it prints. */
  String bash(Path directory, String command) {
    Result result = execute(directory, command);
    if (result.status() != 0) {
      throw new IllegalStateException(
          command + " ended with " + result.status() + ":\n" + result.output());
    }
    return result.output();
  }

  private Result execute(Path directory, String command) {
    try {
      Path output = Files.createTempFile(folder, "output", ".txt");
      ProcessBuilder builder =
          new ProcessBuilder("bash", "-c", command)
              .directory(directory.toFile())
              .redirectErrorStream(true)
              .redirectInput(Path.of("/dev/null").toFile())
              .redirectOutput(output.toFile());
      builder.environment().putAll(environment);
      Process process = builder.start();
      if (!process.waitFor(COMMAND_MINUTES, TimeUnit.MINUTES)) {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
        throw new IllegalStateException(
            command + " does not end:\n" + Files.readString(output, StandardCharsets.UTF_8));
      }
      return new Result(process.exitValue(), Files.readString(output, StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
    seed.stop(0);
  }
}
