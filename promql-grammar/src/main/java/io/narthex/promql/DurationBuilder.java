package io.narthex.promql;

import io.narthex.model.go.PromDuration;
import io.narthex.promql.ParseException.ParseError;
import io.narthex.promql.grammar.antlr.PromQL;
import java.util.List;
import java.util.Locale;
import org.antlr.v4.runtime.Token;

/** Makes duration expressions and reads numbers. */
final class DurationBuilder {
  /** Longest duration in seconds: what fits an int64 of nanoseconds. */
  private static final double MAX_SECONDS = 0x1p63 / 1e9;

  private final Positions positions;
  private final List<ParseError> errors;

  DurationBuilder(Positions positions, List<ParseError> errors) {
    this.positions = positions;
    this.errors = errors;
  }

  /** Returns the value of a number or duration in seconds. */
  double value(Token token) {
    try {
      if (token.getType() == PromQL.DURATION) {
        return PromDuration.parseMs(token.getText()) / 1000.0;
      }
    } catch (IllegalArgumentException e) {
      error(positions.of(token), String.valueOf(e.getMessage()));
      return 0;
    }
    try {
      return Numbers.parse(token.getText());
    } catch (IllegalArgumentException e) {
      error(positions.of(token), "error parsing number: " + e.getMessage());
      return 0;
    }
  }

  static long millis(double seconds) {
    return AstBuilder.roundHalfAway(seconds * 1e9) / 1_000_000;
  }

  /** Returns a duration that has to be above zero, as far as that is known before the query. */
  DurationExpr positive(PromQL.DurationExprContext c) {
    DurationExpr d = expr(c);
    if (d instanceof DurationExpr.Literal l && !l.wrapped() && !(l.seconds() > 0)) {
      error(l.position(), "duration must be greater than 0");
    }
    return d;
  }

  DurationExpr offset(PromQL.OffsetValueContext c) {
    DurationExpr d = primary(c.durationPrimary());
    return c.sign == null ? d : signed(c.sign, d);
  }

  private DurationExpr expr(PromQL.DurationExprContext c) {
    return switch (c) {
      case PromQL.DurationLeafContext l -> primary(l.durationPrimary());
      case PromQL.DurationUnaryContext u -> signed(u.op, expr(u.durationExpr()));
      case PromQL.DurationBinaryContext b -> {
        DurationExpr left = expr(b.durationExpr(0));
        DurationExpr right = expr(b.durationExpr(1));
        int op = b.op.getType();
        if (right instanceof DurationExpr.Literal r && r.seconds() == 0) {
          if (op == PromQL.DIV) {
            error(positions.of(b.op), "division by zero");
          } else if (op == PromQL.MOD) {
            error(positions.of(b.op), "modulo by zero");
          }
        }
        PosRange position = new PosRange(left.position().start(), right.position().end());
        yield new DurationExpr.Binary(b.op.getText().charAt(0), left, right, false, position);
      }
      default -> throw new IllegalStateException("rule of unknown kind");
    };
  }

  private DurationExpr signed(Token sign, DurationExpr d) {
    boolean minus = sign.getType() == PromQL.SUB;
    PosRange position = new PosRange(positions.start(sign), d.position().end());
    if (d instanceof DurationExpr.Literal l && !l.wrapped()) {
      return new DurationExpr.Literal(
          minus ? -l.seconds() : l.seconds(), l.duration(), false, position);
    }
    return minus ? new DurationExpr.Unary(true, d, false, position) : d;
  }

  private DurationExpr primary(PromQL.DurationPrimaryContext p) {
    PosRange position = positions.of(p);
    if (p.NUMBER() != null || p.DURATION() != null) {
      Token t = p.getStart();
      double seconds = value(t);
      if (!(Math.abs(seconds) < MAX_SECONDS)) {
        error(position, "duration out of range");
        seconds = 0;
      }
      return new DurationExpr.Literal(seconds, t.getType() == PromQL.DURATION, false, position);
    }
    if (p.STEP() != null || p.RANGE() != null) {
      return new DurationExpr.Variable(p.STEP() != null, false, position);
    }
    if (p.IDENTIFIER() != null) {
      Token name = p.IDENTIFIER().getSymbol();
      String word = name.getText().toLowerCase(Locale.ROOT);
      if (!isChoice(word)) {
        error(
            positions.of(name),
            "unexpected "
                + PromqlTokens.describe(name)
                + " in offset, expected number, duration, step(), or range()");
      }
      return new DurationExpr.Choice(
          word.equals("max_of"), expr(p.durationExpr(0)), expr(p.durationExpr(1)), false, position);
    }
    return expr(p.durationExpr(0)).inParentheses(position);
  }

  static boolean isChoice(String word) {
    return word.equalsIgnoreCase("min_of") || word.equalsIgnoreCase("max_of");
  }

  private void error(PosRange position, String message) {
    errors.add(new ParseError(message, position));
  }
}
