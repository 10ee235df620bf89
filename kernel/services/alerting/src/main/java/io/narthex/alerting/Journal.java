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
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A file of JSON lines: every change appends one line, a later line replaces an earlier one of the
 * same key. Rewritten through a temporary file when it has grown to several times its live entries.
 * A torn last line, which a crash leaves, is skipped. Guarded by its owner's lock.
 *
 * <p>While this bundle is being replaced two versions use the same file: each only appends, and
 * reads the file again when the other has appended.
 */
final class Journal {
  private static final Logger LOG = LoggerFactory.getLogger(Journal.class);
  static final ObjectMapper JSON = new ObjectMapper();

  private final Path file;
  private int lines;
  private long knownSize;
  private int unreadable;

  Journal(Path file) {
    this.file = file;
  }

  /** Returns the lines of the file; logs and skips those that cannot be read. */
  List<JsonNode> read() {
    List<JsonNode> out = new ArrayList<>();
    lines = 0;
    if (!Files.exists(file)) {
      knownSize = 0;
      return out;
    }
    try {
      String text = new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
      if (!text.isEmpty() && !text.endsWith("\n")) {
        // a crash tore the last line: the next one must not become part of it
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
          unreadable++;
          LOG.warn("{}: line {} cannot be read and is left out", file, lines);
        }
      }
      knownSize = Files.size(file);
    } catch (IOException e) {
      throw new UncheckedIOException(file + ": cannot be read: " + e.getMessage(), e);
    }
    return out;
  }

  /**
   * Passes each line of the file to its owner. A line that the owner cannot use any more, for
   * example with a matcher that this version refuses, is logged and skipped: it must not keep the
   * server from starting.
   */
  void readEach(Consumer<JsonNode> owner) {
    for (JsonNode n : read()) {
      try {
        owner.accept(n);
      } catch (RuntimeException e) {
        unreadable++;
        LOG.warn(
            "{}: an entry cannot be used and is left out: {}; got {}",
            file,
            e.getMessage(),
            shortened(n.toString()));
      }
    }
  }

  private static String shortened(String text) {
    return text.length() > 300 ? text.substring(0, 300) + "…" : text;
  }

  /** Returns the number of lines that could not be read or used. */
  int unreadable() {
    return unreadable;
  }

  /** Returns whether another version has changed the file. */
  boolean changedElsewhere() {
    return file.toFile().length() != knownSize;
  }

  /**
   * Adds a line.
   *
   * @param alive the number of live entries
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
      knownSize = Files.size(file);
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
    knownSize = Files.size(file);
  }
}
