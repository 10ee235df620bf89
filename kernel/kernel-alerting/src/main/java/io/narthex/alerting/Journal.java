package io.narthex.alerting;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A file of JSON lines: every change is one line at the end, a later line replaces an earlier one
 * of the same key. Rewritten through a temporary file when it has grown to several times what is
 * alive. A torn last line is what a crash leaves; it is left out. Guarded by its owner's lock.
 */
final class Journal {
  private static final Logger LOG = LoggerFactory.getLogger(Journal.class);
  static final ObjectMapper JSON = new ObjectMapper();

  private final Path file;
  private int lines;

  Journal(Path file) {
    this.file = file;
  }

  /** Returns the lines of the file; what cannot be read is reported and left out. */
  List<JsonNode> read() {
    List<JsonNode> out = new ArrayList<>();
    if (!Files.exists(file)) {
      return out;
    }
    try {
      String text = Files.readString(file, StandardCharsets.UTF_8);
      if (!text.isEmpty() && !text.endsWith("\n")) {
        // a crash tore the last line: what is added must not become part of it
        Files.writeString(file, "\n", StandardCharsets.UTF_8, StandardOpenOption.APPEND);
      }
      for (String line : text.split("\n", -1)) {
        if (line.isBlank()) {
          continue;
        }
        lines++;
        try {
          out.add(JSON.readTree(line));
        } catch (IOException e) {
          LOG.warn("{}: line {} cannot be read and is left out", file, lines);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(file + ": cannot be read: " + e.getMessage(), e);
    }
    return out;
  }

  /**
   * Adds a line.
   *
   * @param alive how many entries there are now
   */
  void append(JsonNode entry, int alive, java.util.function.Supplier<Collection<JsonNode>> all) {
    try {
      if (lines > 1000 + 4L * alive) {
        rewrite(all.get());
        return;
      }
      Files.createDirectories(java.util.Objects.requireNonNull(file.getParent()));
      Files.writeString(
          file,
          JSON.writeValueAsString(entry) + "\n",
          StandardCharsets.UTF_8,
          StandardOpenOption.CREATE,
          StandardOpenOption.APPEND);
      lines++;
    } catch (IOException e) {
      LOG.error(
          "{}: cannot be written, a restart will forget the change: {}", file, e.getMessage());
    }
  }

  /** Replaces the content. */
  void rewrite(Collection<JsonNode> entries) throws IOException {
    StringBuilder b = new StringBuilder();
    for (JsonNode n : entries) {
      b.append(JSON.writeValueAsString(n)).append('\n');
    }
    Files.createDirectories(java.util.Objects.requireNonNull(file.getParent()));
    Path temporary = file.resolveSibling(file.getFileName() + ".new");
    Files.writeString(temporary, b, StandardCharsets.UTF_8);
    Files.move(
        temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    lines = entries.size();
  }
}
