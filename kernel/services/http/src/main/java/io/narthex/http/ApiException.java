package io.narthex.http;

/** An error that the Prometheus API returns to its client. */
final class ApiException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final ApiError error;

  ApiException(ApiError error, String message) {
    super(message);
    this.error = error;
  }

  ApiError error() {
    return error;
  }
}
