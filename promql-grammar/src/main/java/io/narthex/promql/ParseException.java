package io.narthex.promql;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** A text that is no PromQL, or PromQL that cannot mean anything. Has at least one error. */
public final class ParseException extends Exception {
  private static final long serialVersionUID = 1L;

  /**
   * One thing that is wrong.
   *
   * @param message text as Prometheus words it
   * @param position where
   * @param unknownFunction name of the function that is not known, when that is the error
   */
  public record ParseError(String message, PosRange position, @Nullable String unknownFunction) {
    /** Creates one that is not about an unknown function. */
    public ParseError(String message, PosRange position) {
      this(message, position, null);
    }
  }

  /** What a text may have only so much of. */
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
    String place = PosRange.place(query, first.position().start());
    return place + ": parse error: " + first.message();
  }

  /** Returns the errors in the order found; the exception's message tells the first. */
  public List<ParseError> errors() {
    return errors;
  }

  /** Returns the limit of the parser that the text exceeds; null when it is wrong in itself. */
  public @Nullable Limit limit() {
    return limit;
  }

  /** Returns the text that was parsed. */
  public String query() {
    return query;
  }
}
