package io.narthex.promql;

import org.jspecify.annotations.Nullable;

/** A calculated duration, in seconds. */
public sealed interface DurationExpr {
  /** Returns where it was written. */
  PosRange position();

  /** Returns whether it was written in parentheses of its own. */
  boolean wrapped();

  /** A number or a duration. */
  record Literal(double seconds, boolean duration, boolean wrapped, PosRange position)
      implements DurationExpr {}

  /** A sign. */
  record Unary(boolean minus, DurationExpr operand, boolean wrapped, PosRange position)
      implements DurationExpr {}

  /** A calculation; {@code op} is one of {@code + - * / % ^}. */
  record Binary(char op, DurationExpr left, DurationExpr right, boolean wrapped, PosRange position)
      implements DurationExpr {}

  /** {@code step()} or {@code range()}. */
  record Variable(boolean step, boolean wrapped, PosRange position) implements DurationExpr {}

  /** {@code min_of(left, right)} or {@code max_of(left, right)}. */
  record Choice(
      boolean max, DurationExpr left, DurationExpr right, boolean wrapped, PosRange position)
      implements DurationExpr {}

  /** Returns this expression marked as written in parentheses at {@code position}. */
  default DurationExpr inParentheses(PosRange position) {
    return switch (this) {
      case Literal l -> new Literal(l.seconds, l.duration, true, position);
      case Unary u -> new Unary(u.minus, u.operand, true, position);
      case Binary b -> new Binary(b.op, b.left, b.right, true, position);
      case Variable v -> new Variable(v.step, true, position);
      case Choice c -> new Choice(c.max, c.left, c.right, true, position);
    };
  }

  /** A literal's value, or null when something has to be calculated. */
  default @Nullable Literal asPlainLiteral() {
    return this instanceof Literal l && !l.wrapped ? l : null;
  }
}
