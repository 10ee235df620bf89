package io.narthex.query;

import io.narthex.promql.Expr;
import io.narthex.promql.Expr.ParenExpr;
import io.narthex.promql.Expr.StringLiteral;

/** Looks through parentheses. */
final class Expressions {
  private Expressions() {}

  /** Returns an expression without the parentheses around it. */
  static Expr unwrap(Expr e) {
    Expr inner = e;
    while (inner instanceof ParenExpr p) {
      inner = p.expr();
    }
    return inner;
  }

  /** Returns the value of a string literal. */
  static String text(Expr e) {
    return ((StringLiteral) unwrap(e)).value();
  }
}
