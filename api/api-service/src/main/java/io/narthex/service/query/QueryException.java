package io.narthex.service.query;

import org.jspecify.annotations.Nullable;

/** Thrown when a query is invalid or fails. The message is the one of the HTTP API. */
public final class QueryException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** Reason of the failure. */
  public enum Kind {
    /** The expression or a parameter is invalid. */
    BAD_DATA,
    /** Evaluation failed. */
    EXECUTION,
    /** The client disconnected or an operator cancelled it. */
    CANCELED,
    /** It timed out. */
    TIMEOUT,
    /** The storage failed. */
    INTERNAL,
    /** The storage is being replaced; a retry may succeed. */
    UNAVAILABLE
  }

  private final Kind kind;
  private final @Nullable String missingPlugin;
  private final @Nullable String unknownFunction;

  /** Creates one with a message for the user. */
  public QueryException(Kind kind, String message) {
    this(kind, message, null);
  }

  /**
   * Creates one with a message for the user.
   *
   * @param missingPlugin id of the plugin whose absence alone makes the expression invalid, or null
   */
  public QueryException(Kind kind, String message, @Nullable String missingPlugin) {
    this(kind, message, missingPlugin, null);
  }

  /**
   * Creates one with a message for the user.
   *
   * @param missingPlugin id of the plugin whose absence alone makes the expression invalid, or null
   * @param unknownFunction name of the unknown function that the message is about, or null
   */
  public QueryException(
      Kind kind, String message, @Nullable String missingPlugin, @Nullable String unknownFunction) {
    super(message);
    this.kind = kind;
    this.missingPlugin = missingPlugin;
    this.unknownFunction = unknownFunction;
  }

  /** Returns the reason of the failure. */
  public Kind kind() {
    return kind;
  }

  /**
   * Returns the id of the absent plugin whose functions the expression needs; null when the parser
   * finds other errors too. Types are not checked before all functions are known.
   */
  public @Nullable String missingPlugin() {
    return missingPlugin;
  }

  /** Returns the name of the unknown function, if that is the first error; else null. */
  public @Nullable String unknownFunction() {
    return unknownFunction;
  }
}
