package io.narthex.promql;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Invalid PromQL: its syntax or its types are wrong, or it is too large. Has at least one error.
 */
public final class ParseException extends Exception {
  private static final long serialVersionUID = 1L;

  /**
   * One error.
   *
   * @param message the message of Prometheus
   * @param position where
   * @param unknownFunction name of the function that is not known, when that is the error
   */
  public record ParseError(String message, PosRange position, @Nullable String unknownFunction) {
    /** Creates one that is not about an unknown function. */
    public ParseError(String message, PosRange position) {
      this(message, position, null);
    }
  }

  /** A bound on the size of an expression. */
  public enum Limit {
    /** Characters. */
    LENGTH,
    /** Tokens. */
    TOKENS,
    /** Levels of the tree. */
    DEPTH
  }

  private final transient List<ParseError> errors;
  private final String query;
  private final @Nullable Limit limit;

  ParseException(String query, List<ParseError> errors) {
    this(query, errors, null);
  }

  ParseException(String query, List<ParseError> errors, @Nullable Limit limit) {
    super(text(query, errors.get(0)));
    this.query = query;
    this.errors = List.copyOf(errors);
    this.limit = limit;
  }

  private static String text(String query, ParseError first) {
    String position = PosRange.lineAndColumn(query, first.position().start());
    return position + ": parse error: " + first.message();
  }

  /** Returns the errors in the order found; the exception's message is about the first. */
  public List<ParseError> errors() {
    return errors;
  }

  /** Returns the limit that the text exceeds; null when the text itself is wrong. */
  public @Nullable Limit limit() {
    return limit;
  }

  /** Returns the text that was parsed. */
  public String query() {
    return query;
  }
}
