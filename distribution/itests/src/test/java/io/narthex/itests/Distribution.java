package io.narthex.itests;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.stream.Stream;

/** The packed distribution, unpacked once per run of the tests. */
final class Distribution {
  private static final Path HOME = unpack(Tree.archive(), "any");

  private Distribution() {}

  /** Returns the folder with bin, conf, lib. */
  static Path home() {
    return HOME;
  }

  /** Returns what a server of the distribution is started with, with its data in a folder. */
  static Server.Setup server(Path data) {
    return server(HOME, data);
  }

  /** Returns what a server of another distribution is started with. */
  static Server.Setup server(Path home, Path data) {
    return new Server.Setup(home)
        .with("--storage.tsdb.path=" + data)
        .environment("NARTHEX_PLUGINS", data.resolveSibling("plugins").toString());
  }

  /** Unpacks an archive and returns the folder with bin, conf, lib. */
  static Path unpack(Path archive, String name) {
    // processes of tests that run at the same time have one each
    String fork = System.getProperty("narthex.fork", "fork-1");
    Path folder = Tree.ROOT.resolve("distribution/itests/target/unpacked/" + fork).resolve(name);
    try {
      if (Files.exists(folder)) {
        delete(folder);
      }
      Files.createDirectories(folder);
      int status =
          new ProcessBuilder("tar", "xzf", archive.toString(), "-C", folder.toString())
              .inheritIO()
              .start()
              .waitFor();
      if (status != 0) {
        throw new IOException("tar ended with " + status + "; is " + archive + " there?");
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
    return folder.resolve("narthex-" + Tree.VERSION);
  }

  /**
   * Returns an archive of the classes that a server loads while it starts, from which the next ones
   * start with less work, as with {@code ./narthex}. It is made by the first test that starts a
   * server; the JVM does without one that is absent or does not fit.
   */
  static Path classes() {
    return Classes.ARCHIVE;
  }

  /** Apart, since most of what is unpacked is never started. */
  private static final class Classes {
    static final Path ARCHIVE = make();

    private static Path make() {
      Path folder = Tree.ROOT.resolve("distribution/itests/target/unpacked");
      try (FileChannel lock =
              FileChannel.open(
                  folder.resolve("classes.lock"),
                  StandardOpenOption.CREATE,
                  StandardOpenOption.WRITE);
          var held = lock.lock()) {
        // a new build has other jars
        String build = Files.getLastModifiedTime(Tree.archive()).toMillis() + ".jsa";
        Path archive = folder.resolve("classes-" + build);
        if (!Files.exists(archive)) {
          Path part = folder.resolve("classes.part");
          Path work = Files.createTempDirectory("narthex-classes");
          Server server =
              Distribution.server(work.resolve("data"))
                  .environment("NARTHEX_CLASSES", "")
                  .environment(
                      "NARTHEX_JAVA_OPTS",
                      Server.JAVA_OPTIONS + " -XX:ArchiveClassesAtExit=" + part + " -Xlog:disable")
                  .start();
          server.signal("TERM");
          server.awaitEnd();
          delete(work);
          if (Files.exists(part)) {
            Files.move(part, archive);
          }
        }
        return archive;
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  private static void delete(Path folder) throws IOException {
    try (var walk = Files.walk(folder)) {
      for (Path path : walk.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }

  /** Copies the distribution to a folder that is made, by hard links where there are such. */
  static void copy(Path to) throws IOException {
    try (Stream<Path> walk = Files.walk(home())) {
      for (Path file : walk.toList()) {
        Path copy = to.resolve(home().relativize(file).toString());
        if (Files.isDirectory(file)) {
          Files.createDirectories(copy);
        } else {
          try {
            Files.createLink(copy, file);
          } catch (IOException | UnsupportedOperationException e) {
            Files.copy(file, copy);
          }
        }
      }
    }
  }
}
