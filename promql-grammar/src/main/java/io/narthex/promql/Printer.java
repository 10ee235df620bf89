package io.narthex.promql;

import io.narthex.model.Labels;
import io.narthex.model.Matcher;
import io.narthex.model.go.PromDuration;
import io.narthex.promql.Expr.AggregateExpr;
import io.narthex.promql.Expr.At;
import io.narthex.promql.Expr.BinaryExpr;
import io.narthex.promql.Expr.Call;
import io.narthex.promql.Expr.MatrixSelector;
import io.narthex.promql.Expr.NumberLiteral;
import io.narthex.promql.Expr.ParenExpr;
import io.narthex.promql.Expr.RangeMode;
import io.narthex.promql.Expr.StringLiteral;
import io.narthex.promql.Expr.SubqueryExpr;
import io.narthex.promql.Expr.UnaryExpr;
import io.narthex.promql.Expr.VectorSelector;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Writes expressions as text, on one line or laid out over several. */
public final class Printer {
  /** The line width of {@code /api/v1/format_query}. */
  public static final int LINE_LENGTH = 100;

  private final int lineLength;

  private Printer(int lineLength) {
    this.lineLength = lineLength;
  }

  /** Returns the expression on one line, in the canonical form. */
  public static String print(Expr e) {
    StringBuilder b = new StringBuilder();
    write(b, e);
    return b.toString();
  }

  /** Returns the expression over several lines where one would be longer than 100 characters. */
  public static String pretty(Expr e) {
    return pretty(e, LINE_LENGTH);
  }

  /** Returns the expression over several lines where one would be longer than {@code width}. */
  public static String pretty(Expr e, int width) {
    return new Printer(width).layout(e, 0);
  }

  private static void write(StringBuilder b, Expr e) {
    switch (e) {
      case NumberLiteral n -> b.append(number(n.value(), n.duration()));
      case StringLiteral s -> b.append(Strings.quote(s.value()));
      case VectorSelector v -> {
        selector(b, v);
        mode(b, v);
        times(b, v.at(), v.offsetMs(), v.offsetExpr());
      }
      case MatrixSelector m -> {
        VectorSelector v = m.selector();
        selector(b, v);
        b.append('[');
        duration(b, m.rangeMs(), m.rangeExpr());
        b.append(']');
        mode(b, v);
        times(b, v.at(), v.offsetMs(), v.offsetExpr());
      }
      case SubqueryExpr s -> {
        write(b, s.expr());
        subquerySuffix(b, s);
      }
      case ParenExpr p -> {
        b.append('(');
        write(b, p.expr());
        b.append(')');
      }
      case UnaryExpr u -> {
        b.append(u.minus() ? '-' : '+');
        write(b, u.expr());
      }
      case BinaryExpr n -> {
        write(b, n.left());
        b.append(' ');
        operator(b, n);
        b.append(' ');
        write(b, n.right());
      }
      case AggregateExpr a -> {
        aggregateHead(b, a);
        b.append('(');
        Expr param = a.param();
        if (param != null) {
          write(b, param);
          b.append(", ");
        }
        write(b, a.expr());
        b.append(')');
      }
      case Call c -> {
        b.append(c.function().name()).append('(');
        String separator = "";
        for (Expr argument : c.arguments()) {
          b.append(separator);
          write(b, argument);
          separator = ", ";
        }
        b.append(')');
      }
    }
  }

  private static String number(double value, boolean duration) {
    if (duration) {
      return PromDuration.formatMs(Math.round(value * 1000));
    }
    return Numbers.plain(value);
  }

  private static void selector(StringBuilder b, VectorSelector v) {
    b.append(v.name());
    List<String> parts = new ArrayList<>();
    List<Matcher> matchers = v.matchers();
    int n = v.name().isEmpty() ? matchers.size() : matchers.size() - 1;
    for (int i = 0; i < n; i++) {
      parts.add(matcher(matchers.get(i)));
    }
    if (parts.isEmpty()) {
      if (v.name().isEmpty()) {
        b.append("{}");
      }
      return;
    }
    parts.sort(Labels::compareCodePoints);
    b.append('{').append(String.join(",", parts)).append('}');
  }

  /** Returns a matcher in the form of a selector. */
  public static String matcher(Matcher m) {
    return labelName(m.name()) + m.type().symbol() + Strings.quote(m.value());
  }

  private static String labelName(String name) {
    return Labels.isLegacyName(name) ? name : Strings.quote(name);
  }

  /** A name with colons, legal for metrics only, needs no quotes in lists of labels. */
  private static String groupingName(String name) {
    return Labels.isLegacyName(name.replace(':', '_')) ? name : Strings.quote(name);
  }

  private static String labelNames(List<String> names) {
    return String.join(", ", names.stream().map(Printer::groupingName).toList());
  }

  private static void mode(StringBuilder b, VectorSelector v) {
    if (v.mode() != RangeMode.PLAIN) {
      b.append(' ').append(v.mode().name().toLowerCase(Locale.ROOT));
    }
  }

  private static void times(
      StringBuilder b, @Nullable At at, long offsetMs, @Nullable DurationExpr offsetExpr) {
    if (at != null) {
      switch (at.kind()) {
        case FIXED ->
            b.append(" @ ")
                .append(java.math.BigDecimal.valueOf(at.timestampMs(), 3).toPlainString());
        case START -> b.append(" @ start()");
        case END -> b.append(" @ end()");
      }
    }
    if (offsetExpr != null) {
      b.append(" offset ");
      duration(b, offsetExpr);
    } else if (offsetMs != 0) {
      b.append(" offset ").append(PromDuration.formatMs(offsetMs));
    }
  }

  private static void subquerySuffix(StringBuilder b, SubqueryExpr s) {
    b.append('[');
    duration(b, s.rangeMs(), s.rangeExpr());
    b.append(':');
    if (s.stepMs() != 0 || s.stepExpr() != null) {
      duration(b, s.stepMs(), s.stepExpr());
    }
    b.append(']');
    times(b, s.at(), s.offsetMs(), s.offsetExpr());
  }

  private static void duration(StringBuilder b, long ms, @Nullable DurationExpr calculated) {
    if (calculated == null) {
      b.append(PromDuration.formatMs(ms));
    } else {
      duration(b, calculated);
    }
  }

  private static void duration(StringBuilder b, DurationExpr d) {
    if (d.wrapped()) {
      b.append('(');
    }
    switch (d) {
      case DurationExpr.Literal l -> b.append(number(l.seconds(), l.duration()));
      case DurationExpr.Unary u -> {
        b.append(u.minus() ? '-' : '+');
        duration(b, u.operand());
      }
      case DurationExpr.Binary n -> {
        duration(b, n.left());
        b.append(' ').append(n.op()).append(' ');
        duration(b, n.right());
      }
      case DurationExpr.Variable v -> b.append(v.step() ? "step()" : "range()");
      case DurationExpr.Choice c -> {
        b.append(c.max() ? "max_of(" : "min_of(");
        duration(b, c.left());
        b.append(", ");
        duration(b, c.right());
        b.append(')');
      }
    }
    if (d.wrapped()) {
      b.append(')');
    }
  }

  private static void operator(StringBuilder b, BinaryExpr n) {
    b.append(n.op().symbol());
    if (n.returnBool()) {
      b.append(" bool");
    }
    VectorMatching m = n.matching();
    if (m == null) {
      return;
    }
    boolean grouped =
        m.card() == VectorMatching.Card.MANY_TO_ONE || m.card() == VectorMatching.Card.ONE_TO_MANY;
    if (m.on() || !m.labels().isEmpty() || grouped) {
      b.append(m.on() ? " on (" : " ignoring (").append(labelNames(m.labels())).append(')');
    }
    if (grouped) {
      boolean left = m.card() == VectorMatching.Card.MANY_TO_ONE;
      b.append(left ? " group_left (" : " group_right (")
          .append(labelNames(m.include()))
          .append(')');
    }
    Double left = m.fillLeft();
    Double right = m.fillRight();
    if (left != null && left.equals(right)) {
      b.append(" fill (").append(Numbers.plain(left)).append(')');
      return;
    }
    if (left != null) {
      b.append(" fill_left (").append(Numbers.plain(left)).append(')');
    }
    if (right != null) {
      b.append(" fill_right (").append(Numbers.plain(right)).append(')');
    }
  }

  private static void aggregateHead(StringBuilder b, AggregateExpr a) {
    b.append(a.op().text());
    if (a.without()) {
      b.append(" without (").append(labelNames(a.grouping())).append(") ");
    } else if (!a.grouping().isEmpty()) {
      b.append(" by (").append(labelNames(a.grouping())).append(") ");
    }
  }

  /* several lines */

  private String layout(Expr e, int level) {
    String line = print(e);
    String indent = "  ".repeat(level);
    if (line.codePointCount(0, line.length()) <= lineLength) {
      return indent + line;
    }
    StringBuilder b = new StringBuilder();
    switch (e) {
      case AggregateExpr a -> {
        b.append(indent);
        aggregateHead(b, a);
        b.append("(\n");
        Expr param = a.param();
        if (param != null) {
          b.append(layout(param, level + 1)).append(",\n");
        }
        b.append(layout(a.expr(), level + 1)).append('\n').append(indent).append(')');
      }
      case BinaryExpr n -> {
        b.append(layout(n.left(), level + 1)).append('\n').append(indent);
        operator(b, n);
        b.append('\n').append(layout(n.right(), level + 1));
      }
      case Call c -> {
        b.append(indent).append(c.function().name()).append("(\n");
        String separator = "";
        for (Expr argument : c.arguments()) {
          b.append(separator).append(layout(argument, level + 1));
          separator = ",\n";
        }
        b.append('\n').append(indent).append(')');
      }
      case ParenExpr p ->
          b.append(indent)
              .append("(\n")
              .append(layout(p.expr(), level + 1))
              .append('\n')
              .append(indent)
              .append(')');
      case SubqueryExpr s -> {
        b.append(layout(s.expr(), level));
        subquerySuffix(b, s);
      }
      case UnaryExpr u ->
          b.append(indent)
              .append(u.minus() ? '-' : '+')
              .append(layout(u.expr(), level).substring(indent.length()));
      case NumberLiteral _, StringLiteral _, VectorSelector _, MatrixSelector _ ->
          b.append(indent).append(line);
    }
    return b.toString();
  }
}
