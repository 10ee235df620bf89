package io.narthex.spi.exporter;

/**
 * The parameters of a collection cannot be used. The message is for whoever scrapes, who gets the
 * HTTP status 400; the exporter counts as healthy.
 *
 * @since 1.1
 */
public final class ParameterException extends IllegalArgumentException {
  private static final long serialVersionUID = 1;

  /** Creates one; the message says which parameter and what to do. */
  public ParameterException(String message) {
    super(message);
  }
}
