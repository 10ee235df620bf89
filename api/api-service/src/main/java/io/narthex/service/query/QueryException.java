package io.narthex.service.query;

import org.jspecify.annotations.Nullable;

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
  private final @Nullable String missingPlugin;
  private final @Nullable String unknownFunction;

  /** Creates one with the message for the user. */
  public QueryException(Kind kind, String message) {
    this(kind, message, null);
  }

  /**
   * Creates one with the message for the user.
   *
   * @param missingPlugin id of the plugin whose absence alone makes the expression wrong, or null
   */
  public QueryException(Kind kind, String message, @Nullable String missingPlugin) {
    this(kind, message, missingPlugin, null);
  }

  /**
   * Creates one with the message for the user.
   *
   * @param missingPlugin id of the plugin whose absence alone makes the expression wrong, or null
   * @param unknownFunction name of a function that nobody has, when the message is about it
   */
  public QueryException(
      Kind kind, String message, @Nullable String missingPlugin, @Nullable String unknownFunction) {
    super(message);
    this.kind = kind;
    this.missingPlugin = missingPlugin;
    this.unknownFunction = unknownFunction;
  }

  /** Returns why there is no answer. */
  public Kind kind() {
    return kind;
  }

  /**
   * Returns the id of the plugin whose functions the expression needs and that does not run; null
   * when the parser finds anything else wrong too. Types are not checked before all functions are
   * known.
   */
  public @Nullable String missingPlugin() {
    return missingPlugin;
  }

  /**
   * Returns the name of the function that nobody has, when that is what is wrong first; or null.
   */
  public @Nullable String unknownFunction() {
    return unknownFunction;
  }
}
