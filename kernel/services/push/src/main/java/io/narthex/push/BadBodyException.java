package io.narthex.push;

/** A body that cannot be read; nothing of it is stored. */
final class BadBodyException extends Exception {
  private static final long serialVersionUID = 1;

  BadBodyException(String message) {
    super(message, null, false, false);
  }
}
