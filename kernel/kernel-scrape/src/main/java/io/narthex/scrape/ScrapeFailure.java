package io.narthex.scrape;

import java.io.IOException;

/** A scrape that did not succeed; the message is shown with the target. */
final class ScrapeFailure extends IOException {
  private static final long serialVersionUID = 1;

  /** Why, as far as it is counted. */
  enum Kind {
    BODY_SIZE,
    SAMPLE_LIMIT,
    LABEL_LIMIT,
    BUCKET_LIMIT,
    ROOM,
    OTHER
  }

  final Kind kind;

  ScrapeFailure(Kind kind, String message) {
    super(message);
    this.kind = kind;
  }

  ScrapeFailure(String message) {
    this(Kind.OTHER, message);
  }
}
