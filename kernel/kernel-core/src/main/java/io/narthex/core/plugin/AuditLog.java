package io.narthex.core.plugin;

import io.narthex.service.plugins.PluginService.AuditEntry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Who changed which plugin: the newest entries in memory, all in a file of JSON lines. Thread-safe.
 */
final class AuditLog {
  private static final Logger LOG = LoggerFactory.getLogger(AuditLog.class);
  private static final int KEPT = 1000;

  private static final Pattern LINE =
      Pattern.compile(
          "\\{\"time\":\"TEXT\",\"actor\":\"TEXT\",\"action\":\"TEXT\",\"plugin\":\"TEXT\",\"version\":\"TEXT\",\"sha256\":\"TEXT\",\"result\":\"TEXT\"\\}"
              .replace("TEXT", "((?:[^\"\\\\]|\\\\.)*)"),
          0);

  private final Path file;
  private final Clock clock;
  private final Deque<AuditEntry> newest = new ArrayDeque<>(); // guarded by this

  AuditLog(Path file, Clock clock) {
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

  /** Takes a line of the file up; a line cut short by a crash is passed over. */
  private void remember(String line) {
    Matcher m = LINE.matcher(line);
    if (!m.matches()) {
      return;
    }
    long time;
    try {
      time = Instant.parse(m.group(1)).toEpochMilli();
    } catch (DateTimeParseException e) {
      return;
    }
    push(
        new AuditEntry(
            time,
            unquote(m.group(2)),
            unquote(m.group(3)),
            unquote(m.group(4)),
            unquote(m.group(5)),
            unquote(m.group(6)),
            unquote(m.group(7))));
  }

  private void push(AuditEntry entry) {
    newest.addFirst(entry);
    if (newest.size() > KEPT) {
      newest.removeLast();
    }
  }

  private static String unquote(String text) {
    StringBuilder b = new StringBuilder();
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c != '\\' || i + 1 == text.length()) {
        b.append(c);
        continue;
      }
      char next = text.charAt(++i);
      if (next == 'u' && i + 4 < text.length()) {
        b.append((char) HexFormat.fromHexDigits(text, i + 1, i + 5));
        i += 4;
      } else {
        b.append(next == 'n' ? '\n' : next);
      }
    }
    return b.toString();
  }

  /** Adds an entry. A file that cannot be written costs a log line, not the act. */
  synchronized void add(
      String actor, String action, String id, String version, String sha256, String result) {
    AuditEntry entry = new AuditEntry(clock.millis(), actor, action, id, version, sha256, result);
    push(entry);
    String line =
        "{\"time\":"
            + quote(Instant.ofEpochMilli(entry.timeMs()).toString())
            + ",\"actor\":"
            + quote(actor)
            + ",\"action\":"
            + quote(action)
            + ",\"plugin\":"
            + quote(id)
            + ",\"version\":"
            + quote(version)
            + ",\"sha256\":"
            + quote(sha256)
            + ",\"result\":"
            + quote(result)
            + "}\n";
    try {
      Files.writeString(
          file, line, StandardCharsets.UTF_8, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    } catch (IOException e) {
      LOG.error("audit log {} cannot be written: {}", file, e.toString());
    }
  }

  synchronized List<AuditEntry> newest(@Nullable String id, int limit) {
    List<AuditEntry> out = new ArrayList<>();
    for (AuditEntry entry : newest) {
      if (out.size() < limit && (id == null || entry.id().equals(id))) {
        out.add(entry);
      }
    }
    return out;
  }

  private static String quote(String text) {
    StringBuilder b = new StringBuilder("\"");
    for (char c : text.toCharArray()) {
      switch (c) {
        case '"' -> b.append("\\\"");
        case '\\' -> b.append("\\\\");
        case '\n' -> b.append("\\n");
        default -> {
          if (c < 0x20) {
            b.append("\\u00")
                .append(Character.forDigit(c >> 4, 16))
                .append(Character.forDigit(c & 15, 16));
          } else {
            b.append(c);
          }
        }
      }
    }
    return b.append('"').toString();
  }
}
