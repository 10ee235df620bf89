package io.narthex.core;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Recognises data folders that another server has written. */
final class DataFolder {
  /** What Prometheus creates in its data folder at every start. */
  private static final List<String> OF_PROMETHEUS = List.of("chunks_head", "wal", "wbl");

  private DataFolder() {}

  /**
   * Returns the entry that shows that Prometheus wrote a folder, or null. Folders that this server
   * has used are its own.
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
      return null; // the problem is reported where the folder is used
    }
  }
}
