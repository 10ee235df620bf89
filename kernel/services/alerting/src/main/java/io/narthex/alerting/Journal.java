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
 * A file of JSON lines: every change is one line at the end, a later line replaces an earlier one
 * of the same key. Rewritten through a temporary file when it has grown to several times what is
 * alive. A torn last line is what a crash leaves; it is left out. Guarded by its owner's lock.
 *
 * <p>While this bundle is being replaced two versions work on the same file: each adds lines only,
 * and reads the file again when it holds what the other added.
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

  /** Returns the lines of the file; what cannot be read is reported and left out. */
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
   * Hands over each line of the file. One that its owner cannot use any more, for example a matcher
   * that this version refuses, is reported and left out: it must not keep the server from starting.
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

  /** Returns how many lines could not be read or used. */
  int unreadable() {
    return unreadable;
  }

  /** Tells whether the file holds what somebody else wrote. */
  boolean changedElsewhere() {
    return file.toFile().length() != knownSize;
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
