package io.narthex.service.query;

/** A query that cannot be answered. The message is the one of the HTTP API. */
public final class QueryException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** Why there is no answer. */
  public enum Kind {
    /** The expression or a parameter is wrong. */
    BAD_DATA,
    /** Evaluation failed. */
    EXECUTION,
    /** The client has gone or an operator cancelled it. */
    CANCELED,
    /** It took too long. */
    TIMEOUT,
    /** The storage failed. */
    INTERNAL,
    /** The storage is being replaced; worth a retry. */
    UNAVAILABLE
  }

  private final Kind kind;

  /** Creates one with the message for the user. */
  public QueryException(Kind kind, String message) {
    super(message);
    this.kind = kind;
  }

  /** Returns why there is no answer. */
  public Kind kind() {
    return kind;
  }
}
