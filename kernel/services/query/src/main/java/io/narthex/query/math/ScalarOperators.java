package io.narthex.query.math;

import io.narthex.promql.BinaryOp;

/** Binary operators between two numbers. */
public final class ScalarOperators {
  private ScalarOperators() {}

  /** Returns the result for two scalars; of a comparison 1 or 0. */
  public static double apply(BinaryOp op, double l, double r) {
    return isArithmetic(op) ? arithmetic(op, l, r) : compare(op, l, r) ? 1 : 0;
  }

  /** Returns whether an operator calculates, rather than compares. */
  public static boolean isArithmetic(BinaryOp op) {
    return switch (op) {
      case ADD, SUB, MUL, DIV, MOD, POW, ATAN2 -> true;
      default -> false;
    };
  }

  /** Returns the result of a comparison. */
  public static boolean compare(BinaryOp op, double l, double r) {
    return switch (op) {
      case EQL -> l == r;
      case NEQ -> l != r;
      case LTE -> l <= r;
      case LSS -> l < r;
      case GTE -> l >= r;
      case GTR -> l > r;
      default -> false;
    };
  }

  /** Returns the result of an arithmetic operator. */
  public static double arithmetic(BinaryOp op, double l, double r) {
    return switch (op) {
      case ADD -> l + r;
      case SUB -> l - r;
      case MUL -> l * r;
      case DIV -> l / r;
      case MOD -> l % r;
      case POW -> GoMath.pow(l, r);
      default -> GoMath.atan2(l, r);
    };
  }
}
