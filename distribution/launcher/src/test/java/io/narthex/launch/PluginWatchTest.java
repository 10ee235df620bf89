package io.narthex.launch;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class PluginWatchTest {
  @TempDir Path folder;
  private final BlockingQueue<String> installed = new LinkedBlockingQueue<>();
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();
  private Thread watching = new Thread();
  private volatile boolean away;

  @AfterEach
  void end() throws InterruptedException {
    watching.interrupt();
    watching.join();
  }

  private static PrintStream print(ByteArrayOutputStream to) {
    return new PrintStream(to, true, StandardCharsets.UTF_8);
  }

  private PluginWatch watch(Path subject, boolean builds) {
    return new PluginWatch(
        subject,
        builds,
        jar -> {
          String content = Files.readString(jar);
          boolean now = away;
          installed.add((now ? "away " : "") + jar.getFileName() + " " + content);
          if (now) {
            throw new IOException("no connection");
          }
          return "acme 1.0.0 running";
        },
        print(out),
        print(err),
        Duration.ofMillis(20));
  }

  private void begin(Path subject, boolean builds) {
    PluginWatch watch = watch(subject, builds);
    watching =
        Thread.ofPlatform()
            .start(() -> {
              try {
                int _ = watch.run();
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            });
  }

  private void put(Path jar, String content) throws IOException {
    Files.createDirectories(jar.getParent());
    Path partial = Files.writeString(folder.resolve("partial"), content);
    Files.move(partial, jar, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  private String next() throws InterruptedException {
    return String.valueOf(installed.poll(30, TimeUnit.SECONDS));
  }

  @Test
  void jarIsInstalledAtFirstAndAfterEachChange() throws Exception {
    Path jar = folder.resolve("acme.jar");
    begin(jar, false);
    put(jar, "one");
    assertThat(next()).isEqualTo("acme.jar one");
    put(jar, "two and more");
    assertThat(next()).isEqualTo("acme.jar two and more");
    Files.delete(jar); // a clean build
    put(jar, "three");
    assertThat(next()).isEqualTo("acme.jar three");
    assertThat(installed).isEmpty();
    assertThat(out.toString(StandardCharsets.UTF_8)).contains("acme 1.0.0 running");
  }

  @Test
  void jarOfAProjectIsTheOneThatItsBuildMakes() throws Exception {
    put(folder.resolve("p/target/acme-1.0.0-sources.jar"), "sources");
    put(folder.resolve("p/target/original-acme-1.0.0.jar"), "original");
    put(folder.resolve("p/target/acme-1.0.0.jar"), "the jar");
    begin(folder.resolve("p"), false);
    assertThat(next()).isEqualTo("acme-1.0.0.jar the jar");
  }

  @Test
  void jarIsOfferedAgainUntilTheServerIsThere() throws Exception {
    away = true;
    Path jar = folder.resolve("acme.jar");
    put(jar, "one");
    begin(jar, false);
    assertThat(next()).isEqualTo("away acme.jar one");
    assertThat(next()).isEqualTo("away acme.jar one");
    away = false;
    String last = next();
    while (last.startsWith("away ")) {
      last = next();
    }
    assertThat(last).isEqualTo("acme.jar one");
    assertThat(err.toString(StandardCharsets.UTF_8).lines())
        .containsExactly("narthex plugin watch: no connection; tries again until it answers");
  }

  @Test
  void projectIsBuiltWhenASourceChanges() throws Exception {
    Path project = folder.resolve("p");
    Path source = project.resolve("src/main/java/A.java");
    put(source, "class A {}");
    put(project.resolve("pom.xml"), "<project/>");
    Path build = project.resolve("mvnw");
    put(build, "#!/bin/sh\nmkdir -p target\ncat src/main/java/*.java > t && mv t target/p-1.jar\n");
    assertThat(build.toFile().setExecutable(true)).isTrue();
    begin(project, true);
    assertThat(next()).isEqualTo("p-1.jar class A {}");
    put(source, "class A { int i; }");
    assertThat(next()).isEqualTo("p-1.jar class A { int i; }");
    put(source, "class B { int j; int k; }");
    assertThat(next()).isEqualTo("p-1.jar class B { int j; int k; }");
  }

  @Test
  void whatCannotBeWatchedIsNamed() throws Exception {
    Path jar = folder.resolve("a.jar");
    assertThat(watch(jar, true).run()).isEqualTo(2);
    assertThat(watch(folder.resolve("a.zip"), false).run()).isEqualTo(2);
    assertThat(watch(folder, true).run()).isEqualTo(2);
    assertThat(err.toString(StandardCharsets.UTF_8).lines())
        .containsExactly(
            "narthex plugin watch: --build needs the folder of a project, got " + jar,
            "narthex plugin watch: " + folder.resolve("a.zip") + " is neither a folder nor a jar",
            "narthex plugin watch: " + folder + " has no pom.xml and no gradlew to build by");
  }

  @Test
  void commandSendsTheJarToTheServerAndTellsItsState() throws Exception {
    BlockingQueue<String> seen = new LinkedBlockingQueue<>();
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    try {
      server.createContext(
          "/",
          exchange -> {
            boolean bad =
                new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8)
                    .equals("bad");
            byte[] answer =
                (bad
                        ? "{\"error\":\"not a complete jar\"}"
                        : "{\"id\":\"acme\",\"version\":\"1.0.0\",\"state\":\"running\"}")
                    .getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(bad ? 400 : 200, answer.length);
            exchange.getResponseBody().write(answer);
            exchange.close();
            seen.add(exchange.getRequestMethod() + " " + exchange.getRequestURI());
          });
      server.start();
      Path jar = folder.resolve("acme.jar");
      put(jar, "good");
      AdminClient client =
          new AdminClient(
              Map.of(
                      "NARTHEX_TOKEN",
                      "secret",
                      "NARTHEX_SERVER",
                      "http://127.0.0.1:" + server.getAddress().getPort())
                  ::get,
              folder);
      watching =
          Thread.ofPlatform()
              .start(() -> {
                int _ =
                    PluginCommand.run(
                        client, List.of("watch", jar.toString()), print(out), print(err));
              });
      assertThat(seen.poll(30, TimeUnit.SECONDS))
          .isEqualTo("PUT /narthex/api/v1/plugins/upload?file=acme.jar&force=true");
      put(jar, "bad");
      assertThat(seen.poll(30, TimeUnit.SECONDS)).startsWith("PUT ");
      put(jar, "good again"); // its answer comes after the other's line has been printed
      assertThat(seen.poll(30, TimeUnit.SECONDS)).startsWith("PUT ");
      assertThat(out.toString(StandardCharsets.UTF_8))
          .contains("acme 1.0.0 running", "acme.jar refused: not a complete jar");
    } finally {
      server.stop(0);
    }
  }
}
