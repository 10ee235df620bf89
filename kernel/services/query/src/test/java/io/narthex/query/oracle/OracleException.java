package io.narthex.query.oracle;

/** The query fails. */
final class OracleException extends RuntimeException {
  private static final long serialVersionUID = 1;

  OracleException(String message) {
    super(message);
  }
}
