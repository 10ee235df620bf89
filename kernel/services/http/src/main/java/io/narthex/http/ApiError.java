package io.narthex.http;

import org.jspecify.annotations.Nullable;

/** Error types of the Prometheus API with their HTTP status. */
enum ApiError {
  /** Parameters or expression are wrong. */
  BAD_DATA("bad_data", 400),
  /** Evaluation failed. */
  EXECUTION("execution", 422),
  /** The client has gone or the query was cancelled. */
  CANCELED("canceled", 499),
  /** It took too long. */
  TIMEOUT("timeout", 503),
  /** The storage failed. */
  INTERNAL("internal", 500),
  /** A function is switched off. */
  UNAVAILABLE("unavailable", 500),
  /** A part of the server is being replaced or not there; worth a retry. */
  UNAVAILABLE_503("unavailable", 503, "1"),
  /** There is no such thing. */
  NOT_FOUND("not_found", 404),
  /** No format the client accepts. */
  NOT_ACCEPTABLE("not_acceptable", 406);

  final String text;
  final int status;

  /** Seconds after which to ask again: a header of the answer; null where that is of no use. */
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
