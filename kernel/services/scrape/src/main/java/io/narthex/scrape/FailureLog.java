package io.narthex.scrape;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Writes failed scrapes to the file a job names, one JSON object per line. Thread-safe. */
final class FailureLog {
  private static final Logger LOG = LoggerFactory.getLogger(FailureLog.class);

  private boolean broken;

  /** Appends one line; the file is opened each time, so that it may be rotated. */
  synchronized void write(Path file, String job, String target, String error) {
    String line =
        "{\"time\":\""
            + Instant.now()
            + "\",\"level\":\"ERROR\",\"msg\":"
            + quote(error)
            + ",\"job_name\":"
            + quote(job)
            + ",\"target\":"
            + quote(target)
            + "}\n";
    try {
      Files.write(
          file,
          line.getBytes(StandardCharsets.UTF_8),
          StandardOpenOption.CREATE,
          StandardOpenOption.APPEND);
      broken = false;
    } catch (IOException e) {
      if (!broken) {
        LOG.warn("scrape_failure_log_file {}: cannot be written: {}", file, e.toString());
      }
      broken = true;
    }
  }

  private static String quote(String s) {
    StringBuilder b = new StringBuilder("\"");
    for (int i = 0; i < s.length(); i++) {
      char c = s.charAt(i);
      if (c == '"' || c == '\\') {
        b.append('\\').append(c);
      } else if (c == '\n') {
        b.append("\\n");
      } else if (c < 0x20) {
        b.append("\\u00")
            .append(Character.forDigit(c >> 4, 16))
            .append(Character.forDigit(c & 15, 16));
      } else {
        b.append(c);
      }
    }
    return b.append('"').toString();
  }
}
