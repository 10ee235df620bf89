package io.narthex.query.functions;

import io.narthex.promql.Expr;
import io.narthex.promql.Expr.ParenExpr;
import io.narthex.promql.Expr.StringLiteral;

/** Looks through parentheses. */
public final class Expressions {
  private Expressions() {}

  /** Returns an expression without the parentheses around it. */
  public static Expr unwrap(Expr e) {
    Expr inner = e;
    while (inner instanceof ParenExpr p) {
      inner = p.expr();
    }
    return inner;
  }

  /** Returns the value of a string literal. */
  public static String text(Expr e) {
    return ((StringLiteral) unwrap(e)).value();
  }
}
