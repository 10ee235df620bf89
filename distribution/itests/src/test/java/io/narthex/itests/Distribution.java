package io.narthex.itests;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
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
        try (var walk = Files.walk(folder)) {
          for (Path path : walk.sorted(Comparator.reverseOrder()).toList()) {
            Files.delete(path);
          }
        }
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
