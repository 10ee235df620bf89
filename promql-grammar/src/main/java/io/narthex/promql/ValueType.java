package io.narthex.promql;

/** The type of an expression or of a query's result. */
public enum ValueType {
  /** No type: a call of a function that does not exist. */
  NONE("none", "none"),
  /** One number. */
  SCALAR("scalar", "scalar"),
  /** Series with one sample each. */
  VECTOR("vector", "instant vector"),
  /** Series with samples over a range. */
  MATRIX("matrix", "range vector"),
  /** A string. */
  STRING("string", "string");

  private final String text;
  private final String documented;

  ValueType(String text, String documented) {
    this.text = text;
    this.documented = documented;
  }

  /** Returns the name used in the HTTP API: {@code vector}, {@code matrix}, … */
  public String text() {
    return text;
  }

  /** Returns the name used in error messages: {@code instant vector}, {@code range vector}, … */
  public String documented() {
    return documented;
  }
}
