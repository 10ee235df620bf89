package io.narthex.http;

import org.jspecify.annotations.Nullable;

/** Error types of the Prometheus API with their HTTP status. */
enum ApiError {
  /** Parameters or expression are wrong. */
  BAD_DATA("bad_data", 400),
  /** Evaluation failed. */
  EXECUTION("execution", 422),
  /** The client closed the connection, or the query was cancelled. */
  CANCELED("canceled", 499),
  /** It took too long. */
  TIMEOUT("timeout", 503),
  /** The storage failed. */
  INTERNAL("internal", 500),
  /** A function is switched off. */
  UNAVAILABLE("unavailable", 500),
  /** A part of the server is being replaced or absent; worth a retry. */
  UNAVAILABLE_503("unavailable", 503, "1"),
  /** Not found. */
  NOT_FOUND("not_found", 404),
  /** The client accepts none of the formats. */
  NOT_ACCEPTABLE("not_acceptable", 406);

  final String text;
  final int status;

  /** {@code Retry-After} of the response, in seconds; null for none. */
  final @Nullable String retryAfter;

  ApiError(String text, int status) {
    this(text, status, null);
  }

  ApiError(String text, int status, @Nullable String retryAfter) {
    this.text = text;
    this.status = status;
    this.retryAfter = retryAfter;
  }
}
