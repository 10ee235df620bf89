package io.narthex.scrape;

import java.io.IOException;

/** A scrape that did not succeed; the message is shown with the target. */
final class ScrapeFailure extends IOException {
  private static final long serialVersionUID = 1;

  /** Why; each is counted under its name in small letters. */
  enum Kind {
    BODY_SIZE,
    SAMPLE_LIMIT,
    LABEL_LIMIT,
    BUCKET_LIMIT,
    TARGET_LIMIT,
    ROOM,
    SERIES_ROOM,
    TIMEOUT,
    CONNECTION,
    STATUS,
    EXPOSITION,
    EXPORTER,
    STORAGE,
    FAULT
  }

  final Kind kind;

  ScrapeFailure(Kind kind, String message) {
    super(message);
    this.kind = kind;
  }
}
