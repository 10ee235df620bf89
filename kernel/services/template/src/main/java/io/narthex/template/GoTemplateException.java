package io.narthex.template;

/** A template that cannot be parsed or executed; the message is Go's. */
final class GoTemplateException extends RuntimeException {
  private static final long serialVersionUID = 1;

  GoTemplateException(String message) {
    super(message);
  }

  GoTemplateException(String message, Throwable cause) {
    super(message, cause);
  }
}
