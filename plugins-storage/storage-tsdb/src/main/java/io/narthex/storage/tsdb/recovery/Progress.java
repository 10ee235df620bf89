package io.narthex.storage.tsdb.recovery;

import java.util.function.DoubleConsumer;

/** Reports how much has been read, by bytes: most of them are in one checkpoint. */
final class Progress {
  private static final int REPORT_BYTES = 64 << 10;

  /** Reports there are at least, if records are small enough. */
  private static final int REPORTS = 32;

  private DoubleConsumer report = _ -> {};
  private long bytes; // of the files to be read
  private long done; // of them
  private long reported;

  void reportTo(DoubleConsumer reporter) {
    report = reporter;
  }

  /** Notes that a file of this size will be read. */
  void expect(long more) {
    bytes += more;
  }

  void advance(int more) {
    done += more;
    if (done - reported >= Math.min(REPORT_BYTES, bytes / REPORTS)) {
      reported = done;
      report.accept(Math.min(0.99, done / (double) Math.max(1, bytes)));
    }
  }

  void end() {
    report.accept(1);
  }
}
