package io.narthex.core.plugin.state;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.narthex.service.plugins.PluginService.AuditEntry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Records who changed which plugin: the newest entries in memory, all in a file of JSON lines.
 * Thread-safe.
 */
public final class AuditLog {
  private static final Logger LOG = LoggerFactory.getLogger(AuditLog.class);
  private static final int KEPT = 1000;
  private static final JsonMapper JSON = new JsonMapper();

  private final Path file;
  private final Clock clock;
  private final Deque<AuditEntry> newest = new ArrayDeque<>(); // guarded by this
  private String separator = ""; // ends a line that a crash cut short; guarded by this

  public AuditLog(Path file, Clock clock) {
    this.file = file;
    this.clock = clock;
    if (Files.exists(file)) {
      try (Stream<String> lines = Files.lines(file)) {
        lines.forEach(this::remember);
      } catch (IOException | UncheckedIOException e) {
        LOG.error("audit log {} cannot be read: {}", file, e.toString());
      }
    }
  }

  /** Reads a line of the file; a line cut short by a crash is skipped. */
  private void remember(String line) {
    try {
      JsonNode entry = JSON.readTree(line);
      push(
          new AuditEntry(
              Instant.parse(entry.path("time").asText()).toEpochMilli(),
              entry.path("actor").asText(),
              entry.path("action").asText(),
              entry.path("plugin").asText(),
              entry.path("version").asText(),
              entry.path("sha256").asText(),
              entry.path("result").asText()));
      separator = "";
    } catch (JsonProcessingException | DateTimeParseException e) {
      LOG.debug("audit log {}: skipped {}", file, line);
      separator = "\n";
    }
  }

  private void push(AuditEntry entry) {
    newest.addFirst(entry);
    if (newest.size() > KEPT) {
      newest.removeLast();
    }
  }

  /** Adds an entry. A failure to write the file is logged and does not fail the action. */
  public synchronized void add(
      String actor, String action, String id, String version, String sha256, String result) {
    AuditEntry entry = new AuditEntry(clock.millis(), actor, action, id, version, sha256, result);
    push(entry);
    ObjectNode line =
        JSON.createObjectNode()
            .put("time", Instant.ofEpochMilli(entry.timeMs()).toString())
            .put("actor", actor)
            .put("action", action)
            .put("plugin", id)
            .put("version", version)
            .put("sha256", sha256)
            .put("result", result);
    try {
      Files.writeString(
          file, separator + line + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
      separator = "";
    } catch (IOException e) {
      LOG.error("audit log {} cannot be written: {}", file, e.toString());
    }
  }

  public synchronized List<AuditEntry> newest(@Nullable String id, int limit) {
    List<AuditEntry> out = new ArrayList<>();
    for (AuditEntry entry : newest) {
      if (out.size() < limit && (id == null || entry.id().equals(id))) {
        out.add(entry);
      }
    }
    return out;
  }
}
