package io.narthex.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;

/**
 * A folder for the data of servers that goes with all it holds when it is closed.
 *
 * @param removed whether it goes
 */
public record TemporaryFolder(Path path, boolean removed) implements AutoCloseable {
  /** Creates one that goes when it is closed. */
  public static TemporaryFolder create(String name) throws IOException {
    return new TemporaryFolder(Files.createTempDirectory("narthex-" + name), true);
  }

  @Override
  public void close() throws IOException {
    if (!removed) {
      return;
    }
    try (Stream<Path> all = Files.walk(path)) {
      for (Path file : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
