package io.narthex.core;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What lies in a data folder before the server has written to it. */
final class DataFolder {
  /** What Prometheus makes in its data folder as soon as it starts. */
  private static final List<String> OF_PROMETHEUS = List.of("chunks_head", "wal", "wbl");

  private DataFolder() {}

  /**
   * Returns what of a folder that this server has never used shows that it is Prometheus', or null.
   */
  static @Nullable String ofPrometheus(Path folder) {
    if (!Files.isDirectory(folder) || Files.exists(folder.resolve("narthex"))) {
      return null;
    }
    try (Stream<Path> entries = Files.list(folder)) {
      return entries
          .map(p -> p.getFileName().toString())
          .filter(name -> OF_PROMETHEUS.contains(name) || name.startsWith("chunk_snapshot."))
          .sorted()
          .findFirst()
          .orElse(null);
    } catch (IOException e) {
      return null; // what is wrong with the folder is said where it is used
    }
  }
}
