package io.narthex.text.re2;

/** A regular expression that RE2 refuses; the message is the one that Go's regexp package gives. */
public final class Re2SyntaxException extends IllegalArgumentException {
  private static final long serialVersionUID = 1;

  Re2SyntaxException(String message) {
    super(message);
  }

  Re2SyntaxException(String message, Throwable cause) {
    super(message, cause);
  }
}
