package io.narthex.storage.tsdb;

import io.narthex.spi.config.ConfigException;
import java.util.Locale;

/**
 * When the WAL is forced to the disk.
 *
 * @param always before an append returns
 * @param intervalMs how often otherwise; 0 = only when a segment ends
 */
record FsyncPolicy(boolean always, long intervalMs) {
  private static final long MAX_MS = 3_600_000;

  /** Reads {@code always}, {@code never} or an interval such as {@code 500ms} or {@code 1s}. */
  static FsyncPolicy parse(String text) {
    String s = text.strip().toLowerCase(Locale.ROOT);
    if (s.equals("always")) {
      return new FsyncPolicy(true, 0);
    }
    if (s.equals("never")) {
      return new FsyncPolicy(false, 0);
    }
    long factor = s.endsWith("ms") ? 1 : s.endsWith("m") ? 60_000 : s.endsWith("s") ? 1000 : 0;
    int unit = s.endsWith("ms") ? 2 : 1;
    try {
      long ms = Long.parseLong(s.substring(0, Math.max(0, s.length() - unit))) * factor;
      if (ms > 0 && ms <= MAX_MS) {
        return new FsyncPolicy(false, ms);
      }
    } catch (NumberFormatException e) {
      // falls through to the message
    }
    throw new ConfigException(
        "wal_fsync: must be \"always\", \"never\" or an interval from 1ms to 60m, got \""
            + text
            + "\"");
  }
}
