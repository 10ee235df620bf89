package io.narthex.http.store;

/** A change that is refused; the message is for the user. */
public final class Refused extends Exception {
  private static final long serialVersionUID = 1;

  private final int status;

  /**
   * Creates one.
   *
   * @param status that of the response
   */
  public Refused(int status, String message) {
    super(message);
    this.status = status;
  }

  /** Returns the status of the response. */
  public int status() {
    return status;
  }
}
