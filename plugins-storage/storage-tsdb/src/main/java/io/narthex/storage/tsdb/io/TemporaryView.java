package io.narthex.storage.tsdb.io;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** A temporary folder that shows the folder of a database that a server may be writing to. */
public final class TemporaryView {
  private static final int TRIES = 5;

  private TemporaryView() {}

  /**
   * Makes the view.
   *
   * @param copied folders whose files are copied, as they are changed by who opens the view
   * @param linked folders with what never changes, of which each entry becomes a symbolic link
   */
  public static Path of(Path root, List<String> copied, List<String> linked) throws IOException {
    for (int i = 1; ; i++) {
      Path view = Files.createTempDirectory("narthex-tsdb");
      boolean done = false;
      try {
        for (String name : copied) {
          copy(root.resolve(name), view.resolve(name));
        }
        for (String name : linked) {
          link(root.resolve(name), view.resolve(name));
        }
        done = true;
        return view;
      } catch (NoSuchFileException e) {
        if (i == TRIES) { // its owner deleted a file meanwhile, and not again for long
          throw e;
        }
      } finally {
        if (!done) {
          Directories.deleteTree(LocalDisk.INSTANCE, view);
        }
      }
    }
  }

  private static void copy(Path from, Path to) throws IOException {
    Files.createDirectories(to);
    for (Path file : entries(from)) {
      if (Files.isRegularFile(file)) {
        Files.copy(file, to.resolve(file.getFileName()));
      }
    }
  }

  private static void link(Path from, Path to) throws IOException {
    Files.createDirectories(to);
    for (Path entry : entries(from)) {
      Files.createSymbolicLink(to.resolve(entry.getFileName()), entry.toAbsolutePath());
    }
  }

  private static List<Path> entries(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      return List.of(); // its owner was stopped in its first moment
    }
    try (Stream<Path> entries = Files.list(folder)) {
      return entries.sorted().toList();
    }
  }
}
