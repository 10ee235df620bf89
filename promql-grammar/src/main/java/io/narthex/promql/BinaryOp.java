package io.narthex.promql;

/** The operators between two expressions. */
public enum BinaryOp {
  /** Addition. */
  ADD("+"),
  /** Subtraction. */
  SUB("-"),
  /** Multiplication. */
  MUL("*"),
  /** Division. */
  DIV("/"),
  /** Remainder. */
  MOD("%"),
  /** Power. */
  POW("^"),
  /** Angle of a point. */
  ATAN2("atan2"),
  /** Equal. */
  EQL("=="),
  /** Not equal. */
  NEQ("!="),
  /** At most. */
  LTE("<="),
  /** Less. */
  LSS("<"),
  /** At least. */
  GTE(">="),
  /** Greater. */
  GTR(">"),
  /** Removes the observations of a histogram above a value. */
  TRIM_UPPER("</"),
  /** Removes the observations of a histogram below a value. */
  TRIM_LOWER(">/"),
  /** Intersection. */
  AND("and"),
  /** Union. */
  OR("or"),
  /** Complement. */
  UNLESS("unless");

  private final String symbol;

  BinaryOp(String symbol) {
    this.symbol = symbol;
  }

  /** Returns the operator as written. */
  public String symbol() {
    return symbol;
  }

  /** Returns whether it is one of {@code == != < <= > >=}. */
  public boolean isComparison() {
    return compareTo(EQL) >= 0 && compareTo(GTR) <= 0;
  }

  /** Returns whether it is {@code and}, {@code or} or {@code unless}. */
  public boolean isSet() {
    return compareTo(AND) >= 0;
  }
}
