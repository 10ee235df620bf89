package io.narthex.query;

import java.util.Locale;

/** The limit for which a query is refused. */
enum Refusal {
  /** Characters of the expression. */
  LENGTH,
  /** Tokens of the expression. */
  TOKENS,
  /** Depth of the expression. */
  DEPTH,
  /** Samples held. */
  SAMPLES,
  /** Bytes held. */
  MEMORY,
  /** The timeout, all of which was spent waiting for a turn or for memory. */
  QUEUE;

  /** Returns the value of the label {@code reason}. */
  String text() {
    return name().toLowerCase(Locale.ROOT);
  }
}
