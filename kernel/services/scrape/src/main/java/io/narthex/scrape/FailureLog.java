package io.narthex.scrape;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
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
    return "\"" + new String(JsonStringEncoder.getInstance().quoteAsString(s)) + "\"";
  }
}
