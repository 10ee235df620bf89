package io.narthex.launch;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.DirectoryStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * {@code narthex plugin watch}: installs a jar whenever it changes and, on request, builds it
 * whenever a source changes. Polls the files several times a second, which also works for folders
 * that a build deletes and creates again.
 */
final class PluginWatch {
  private static final List<String> BUILD_FILES =
      List.of("pom.xml", "bnd.bnd", "build.gradle.kts", "build.gradle", "settings.gradle.kts");
  private static final int MAX_SOURCES = 20_000;

  /** Installs a jar. */
  interface Install {
    /**
     * Returns the outcome in one line.
     *
     * @throws IOException when the server cannot be reached
     */
    String install(Path jar) throws IOException, InterruptedException;
  }

  /** A fingerprint of files: their number, sizes and times. */
  private record State(int files, long bytes, long newest, long times) {
    static final State NONE = new State(0, 0, 0, 0);

    State and(Path file, BasicFileAttributes attributes) {
      long time = attributes.lastModifiedTime().toMillis();
      return new State(
          files + 1,
          bytes + attributes.size(),
          Math.max(newest, time),
          times + 31 * time + file.hashCode());
    }
  }

  private final Path subject;
  private final boolean builds;
  private final Install install;
  private final PrintStream out;
  private final PrintStream err;
  private final Duration look;
  private State installed = State.NONE;
  private State built = State.NONE;
  private boolean away; // the server, and it has been said

  /**
   * Creates a watch.
   *
   * @param subject a jar, or the folder of a project
   * @param builds whether the project is built after each change of a source
   * @param look pause between polls; a file that has not changed between two is complete
   */
  PluginWatch(
      Path subject,
      boolean builds,
      Install install,
      PrintStream out,
      PrintStream err,
      Duration look) {
    this.subject = subject;
    this.builds = builds;
    this.install = install;
    this.out = out;
    this.err = err;
    this.look = look;
  }

  /** Watches until the thread is interrupted; returns an exit status when it cannot start. */
  int run() throws InterruptedException {
    boolean project = Files.isDirectory(subject);
    if (!project && builds) {
      err.println("narthex plugin watch: --build needs the folder of a project, got " + subject);
      return 2;
    }
    if (!project && !String.valueOf(subject).endsWith(".jar")) {
      err.println("narthex plugin watch: " + subject + " is neither a folder nor a jar");
      return 2;
    }
    if (builds && command().isEmpty()) {
      err.println(
          "narthex plugin watch: " + subject + " has no pom.xml and no gradlew to build by");
      return 2;
    }
    out.println("watching " + subject + "; Ctrl-C ends it");
    State before = State.NONE;
    State sourcesBefore = State.NONE;
    while (true) {
      if (builds) {
        State sources = sources();
        if (!sources.equals(built) && sources.equals(sourcesBefore)) {
          built = sources;
          build();
        }
        sourcesBefore = sources;
      }
      Path jar = project ? newestJar() : subject;
      State now = jar == null ? State.NONE : stateOf(jar);
      if (jar != null && now.files() > 0 && now.equals(before) && !now.equals(installed)) {
        offer(jar, now);
      }
      before = now;
      Thread.sleep(look);
    }
  }

  private void offer(Path jar, State state) throws InterruptedException {
    try {
      out.println(install.install(jar));
      installed = state;
      away = false;
    } catch (IOException e) {
      if (!away) {
        err.println(
            "narthex plugin watch: " + AdminClient.reason(e) + "; tries again until it answers");
      }
      away = true; // the next poll tries again
    }
  }

  private static State stateOf(Path file) {
    try {
      return State.NONE.and(file, Files.readAttributes(file, BasicFileAttributes.class));
    } catch (IOException e) {
      return State.NONE; // just being replaced
    }
  }

  /** Returns the newest jar of a build, or null. */
  private @Nullable Path newestJar() {
    List<Path> jars = new ArrayList<>();
    for (String folder : List.of("target", "build/libs")) {
      try (DirectoryStream<Path> found =
          Files.newDirectoryStream(subject.resolve(folder), "*.jar")) {
        for (Path jar : found) {
          String name = String.valueOf(jar.getFileName());
          if (!name.matches("original-.*|.*-(sources|javadoc|tests|test-sources)\\.jar")) {
            jars.add(jar);
          }
        }
      } catch (IOException e) {
        continue; // not built yet, or being cleaned
      }
    }
    return jars.stream().max(Comparator.comparingLong(jar -> stateOf(jar).newest())).orElse(null);
  }

  private State sources() {
    State[] state = {State.NONE};
    for (String name : BUILD_FILES) {
      add(state, subject.resolve(name));
    }
    try {
      Files.walkFileTree(
          subject.resolve("src"),
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
              state[0] = state[0].and(file, attributes);
              return state[0].files() < MAX_SOURCES
                  ? FileVisitResult.CONTINUE
                  : FileVisitResult.TERMINATE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException e) {
              return FileVisitResult.CONTINUE; // an editor replaces it
            }
          });
    } catch (IOException e) {
      return state[0];
    }
    return state[0];
  }

  private static void add(State[] state, Path file) {
    if (Files.isRegularFile(file)) {
      State of = stateOf(file);
      State all = state[0];
      state[0] =
          new State(
              all.files() + 1,
              all.bytes() + of.bytes(),
              Math.max(all.newest(), of.newest()),
              all.times() + of.times());
    }
  }

  /** Returns the command that builds the project, or an empty list. */
  private List<String> command() {
    if (Files.isRegularFile(subject.resolve("pom.xml"))) {
      boolean wrapper = Files.isExecutable(subject.resolve("mvnw"));
      return List.of(wrapper ? "./mvnw" : "mvn", "-q", "-B", "package");
    }
    return Files.isExecutable(subject.resolve("gradlew"))
        ? List.of("./gradlew", "-q", "build")
        : List.of();
  }

  private void build() throws InterruptedException {
    List<String> command = command();
    out.println("building: " + String.join(" ", command));
    try {
      Process process =
          new ProcessBuilder(command).directory(subject.toFile()).redirectErrorStream(true).start();
      try {
        process.getOutputStream().close();
        process.inputReader().lines().forEach(out::println);
        int status = process.waitFor();
        if (status != 0) {
          err.println("narthex plugin watch: the build failed; the plugin stays as it is");
        }
      } finally {
        process.descendants().forEach(ProcessHandle::destroy);
        process.destroy();
      }
    } catch (IOException e) {
      err.println("narthex plugin watch: " + e.getMessage());
    }
  }
}
