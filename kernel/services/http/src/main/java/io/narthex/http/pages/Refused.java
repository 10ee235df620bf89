package io.narthex.http.pages;

/** A change that is refused; the message is for the user. */
public final class Refused extends Exception {
  private static final long serialVersionUID = 1;

  private final int status;

  Refused(int status, String message) {
    super(message);
    this.status = status;
  }

  /** Returns the status of the response. */
  public int status() {
    return status;
  }
}
