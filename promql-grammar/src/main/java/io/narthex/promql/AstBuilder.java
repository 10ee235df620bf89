package io.narthex.promql;

import io.narthex.model.Labels;
import io.narthex.model.Matcher;
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
import io.narthex.promql.ParseException.ParseError;
import io.narthex.promql.VectorMatching.Card;
import io.narthex.promql.grammar.antlr.PromQL;
import io.narthex.promql.grammar.antlr.PromQL.ExprContext;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.antlr.v4.runtime.ParserRuleContext;
import org.antlr.v4.runtime.Token;
import org.antlr.v4.runtime.tree.ParseTree;
import org.jspecify.annotations.Nullable;

/**
 * Makes the syntax tree from ANTLR's parse tree and checks types on the way. Chains of operators
 * are walked in a loop, since ANTLR's tree is as deep on the left as the chain is long.
 *
 * <p>Syntax errors are reported before type errors, as in Prometheus.
 */
final class AstBuilder {
  private final String query;
  private final Positions positions;
  private final ParserOptions options;
  private final DurationBuilder durations;
  private final List<ParseError> syntaxErrors = new ArrayList<>();
  private final List<ParseError> typeErrors = new ArrayList<>();
  private int depth;

  AstBuilder(String query, Positions positions, ParserOptions options) {
    this.query = query;
    this.positions = positions;
    this.options = options;
    this.durations = new DurationBuilder(positions, syntaxErrors);
  }

  List<ParseError> errors() {
    return syntaxErrors.isEmpty() ? typeErrors : syntaxErrors;
  }

  List<ParseError> syntaxErrors() {
    return syntaxErrors;
  }

  int depth() {
    return depth;
  }

  /**
   * Checks the form of all parts that were complete when the parser gave up in {@code innermost}.
   * That rule and those around it are the only incomplete ones.
   */
  void salvage(ParserRuleContext innermost) {
    Set<ParserRuleContext> incomplete = Collections.newSetFromMap(new IdentityHashMap<>());
    ParserRuleContext root = innermost;
    for (ParserRuleContext c = innermost; c != null; c = c.getParent()) {
      incomplete.add(c);
      root = c;
    }
    if (innermost instanceof ExprContext e && isComplete(e)) {
      incomplete.remove(e);
    }
    salvage(root, incomplete);
  }

  private void salvage(ParserRuleContext c, Set<ParserRuleContext> incomplete) {
    if (c.children == null) {
      return;
    }
    for (ParseTree child : c.children) {
      if (!(child instanceof ParserRuleContext r)) {
        continue;
      }
      if (incomplete.contains(r)) {
        salvage(r, incomplete);
        continue;
      }
      switch (r) {
        case ExprContext e -> expr(e, false);
        case PromQL.CallContext f -> call(f);
        case PromQL.AggregateContext a -> aggregate(a);
        case PromQL.LabelMatcherContext m -> matcher(m, new ArrayList<>());
        case PromQL.OffsetValueContext o -> durations.offset(o);
        default -> {}
      }
    }
  }

  /** Returns whether an expression is complete, so that only what follows it is wrong. */
  private static boolean isComplete(ExprContext e) {
    return switch (e) {
      case PromQL.ParenExprContext p -> p.RPAREN() != null;
      case PromQL.BinaryExprContext b -> b.expr().size() == 2;
      case PromQL.UnaryExprContext u -> u.expr() != null;
      case PromQL.BracketExprContext b -> b.rangeSpec() != null;
      case PromQL.OffsetExprContext o -> o.offsetValue() != null;
      case PromQL.AtExprContext a -> a.atValue() != null;
      case PromQL.AggregateExprContext a -> a.aggregate() != null;
      case PromQL.CallExprContext f -> f.call() != null;
      case PromQL.SelectorExprContext x -> x.selector() != null;
      default -> e.getClass() != ExprContext.class && e.getChildCount() > 0;
    };
  }

  /** Returns the tree and leaves its depth in {@link #depth}. */
  Expr build(ExprContext root) {
    return expr(root, false);
  }

  /** Builds a selector that may match everything; other expressions as {@link #build}. */
  Expr buildSelector(ExprContext root) {
    return expr(root, true);
  }

  private Expr expr(ExprContext root, boolean matchersOnly) {
    Deque<ExprContext> spine = new ArrayDeque<>();
    ExprContext at = root;
    for (ExprContext left = left(at); left != null; left = left(at)) {
      spine.push(at);
      at = left;
    }
    Expr e = leaf(at, matchersOnly);
    while (!spine.isEmpty()) {
      e = combine(e, spine.pop());
    }
    return e;
  }

  private static @Nullable ExprContext left(ExprContext c) {
    return switch (c) {
      case PromQL.BracketExprContext b -> b.expr();
      case PromQL.OffsetExprContext o -> o.expr();
      case PromQL.AtExprContext a -> a.expr();
      case PromQL.ModeExprContext m -> m.expr();
      case PromQL.BinaryExprContext b -> b.expr(0);
      default -> null;
    };
  }

  private Expr combine(Expr left, ExprContext c) {
    return switch (c) {
      case PromQL.BracketExprContext b -> {
        depth++;
        yield bracket(left, b);
      }
      case PromQL.OffsetExprContext o -> offset(left, o);
      case PromQL.AtExprContext a -> at(left, a);
      case PromQL.ModeExprContext m -> mode(left, m);
      case PromQL.BinaryExprContext b -> {
        int leftDepth = depth;
        Expr right = expr(b.expr(1), false);
        depth = Math.max(depth, leftDepth) + 1;
        yield binary(left, right, b);
      }
      default -> throw new IllegalStateException("not a left-recursive rule");
    };
  }

  private Expr leaf(ExprContext c, boolean matchersOnly) {
    depth = 1;
    return switch (c) {
      case PromQL.NumberExprContext n -> number(n.NUMBER().getSymbol());
      case PromQL.DurationNumberExprContext n -> number(n.DURATION().getSymbol());
      case PromQL.StringExprContext s ->
          new StringLiteral(unquote(s.STRING().getSymbol()), positions.of(s));
      case PromQL.SelectorExprContext s -> selector(s.selector(), matchersOnly);
      case PromQL.ParenExprContext p -> {
        Expr inner = expr(p.expr(), false);
        depth++;
        yield new ParenExpr(inner, positions.of(p));
      }
      case PromQL.UnaryExprContext u -> unary(u);
      case PromQL.AggregateExprContext a -> aggregate(a.aggregate());
      case PromQL.CallExprContext f -> call(f.call());
      default -> throw new IllegalStateException("rule of unknown kind");
    };
  }

  private NumberLiteral number(Token token) {
    PosRange position = positions.of(token);
    return new NumberLiteral(durations.value(token), token.getType() == PromQL.DURATION, position);
  }

  private String unquote(Token token) {
    try {
      return Strings.unquote(token.getText());
    } catch (IllegalArgumentException e) {
      syntaxError(
          positions.of(token),
          "error unquoting string " + Strings.quote(token.getText()) + ": " + e.getMessage());
      return "";
    }
  }

  private Expr unary(PromQL.UnaryExprContext u) {
    Expr inner = expr(u.expr(), false);
    depth++;
    boolean minus = u.op.getType() == PromQL.SUB;
    int start = positions.start(u.op);
    PosRange position = new PosRange(start, inner.position().end());
    if (inner instanceof NumberLiteral n) {
      return new NumberLiteral(minus ? -n.value() : n.value(), n.duration(), position);
    }
    ValueType type = inner.type();
    if (type != ValueType.SCALAR && type != ValueType.VECTOR) {
      typeError(
          position,
          "unary expression only allowed on expressions of type scalar or instant vector, got \""
              + type.documented()
              + "\"");
    }
    return new UnaryExpr(minus, inner, position);
  }

  /* selectors and what stands behind them */

  private Expr selector(PromQL.SelectorContext s, boolean matchersOnly) {
    List<Matcher> matchers = new ArrayList<>();
    String name = s.metricName() == null ? "" : s.metricName().getStart().getText();
    if (s.labelMatchers() != null) {
      for (PromQL.LabelMatcherContext m : s.labelMatchers().labelMatcher()) {
        matcher(m, matchers);
      }
    }
    PosRange position = positions.of(s);
    if (!name.isEmpty()) {
      for (Matcher m : matchers) {
        if (m.name().equals(Labels.METRIC_NAME)) {
          typeError(
              position,
              "metric name must not be set twice: "
                  + Strings.quote(name)
                  + " or "
                  + Strings.quote(m.value()));
        }
      }
      matchers.add(Matcher.equal(Labels.METRIC_NAME, name));
    } else if (!matchersOnly && matchers.stream().allMatch(Matcher::matchesEmpty)) {
      typeError(position, "vector selector must contain at least one non-empty matcher");
    }
    return new VectorSelector(
        name, matchers, 0, null, null, RangeMode.PLAIN, matchersOnly && name.isEmpty(), position);
  }

  private void matcher(PromQL.LabelMatcherContext m, List<Matcher> out) {
    if (m.matchOp() == null) {
      out.add(Matcher.equal(Labels.METRIC_NAME, unquote(m.STRING(0).getSymbol())));
      return;
    }
    boolean bare = m.IDENTIFIER() != null;
    String name = bare ? m.IDENTIFIER().getSymbol().getText() : unquote(m.STRING(0).getSymbol());
    String value = unquote(m.STRING(bare ? 0 : 1).getSymbol());
    switch (m.matchOp().getStart().getType()) {
      case PromQL.EQL -> out.add(Matcher.equal(name, value));
      case PromQL.NEQ -> out.add(Matcher.notEqual(name, value));
      default -> {
        try {
          var test = options.regex().compile(value);
          out.add(
              m.matchOp().getStart().getType() == PromQL.EQL_REGEX
                  ? Matcher.regex(name, value, test)
                  : Matcher.notRegex(name, value, test));
        } catch (IllegalArgumentException e) {
          syntaxError(positions.of(m), String.valueOf(e.getMessage()));
        }
      }
    }
  }

  private Expr bracket(Expr left, PromQL.BracketExprContext b) {
    PromQL.RangeSpecContext spec = b.rangeSpec();
    DurationExpr range = durations.positive(spec.durationExpr());
    int end = positions.end(spec.getStop());
    DurationExpr.Literal literal = range.asPlainLiteral();
    long rangeMs = literal == null ? 0 : DurationBuilder.millis(literal.seconds());
    DurationExpr rangeExpr = literal == null ? range : null;
    PromQL.SubqueryStepContext step = spec.rangeEnd().subqueryStep();
    if (step == null) {
      PosRange brackets = new PosRange(positions.start(b.LBRACKET().getSymbol()), end);
      if (left instanceof VectorSelector v) {
        if (v.offsetMs() != 0 || v.offsetExpr() != null) {
          syntaxError(brackets, "no offset modifiers allowed before range");
        } else if (v.at() != null) {
          syntaxError(brackets, "no @ modifiers allowed before range");
        } else if (v.mode() != RangeMode.PLAIN) {
          syntaxError(brackets, "no anchored or smoothed modifiers allowed before range");
        }
        return new MatrixSelector(v, rangeMs, rangeExpr, end);
      }
      syntaxError(brackets, "ranges only allowed for vector selectors");
      return left;
    }
    long stepMs = 0;
    DurationExpr stepExpr = null;
    if (step.durationExpr() != null) {
      DurationExpr s = durations.positive(step.durationExpr());
      DurationExpr.Literal sl = s.asPlainLiteral();
      stepMs = sl == null ? 0 : DurationBuilder.millis(sl.seconds());
      stepExpr = sl == null ? s : null;
    }
    SubqueryExpr sub =
        new SubqueryExpr(left, rangeMs, rangeExpr, stepMs, stepExpr, 0, null, null, end);
    if (left.type() != ValueType.VECTOR) {
      typeError(
          sub.position(),
          "subquery is only allowed on instant vector, got " + left.type().text() + " instead");
    }
    return sub;
  }

  private Expr offset(Expr e, PromQL.OffsetExprContext c) {
    DurationExpr d = durations.offset(c.offsetValue());
    int end = positions.end(c.getStop());
    DurationExpr.Literal literal = d.asPlainLiteral();
    long ms = literal == null ? 0 : DurationBuilder.millis(literal.seconds());
    DurationExpr calculated = literal == null ? d : null;
    boolean twice =
        switch (e) {
          case VectorSelector v -> v.offsetMs() != 0 || v.offsetExpr() != null;
          case MatrixSelector m ->
              m.selector().offsetMs() != 0 || m.selector().offsetExpr() != null;
          case SubqueryExpr s -> s.offsetMs() != 0 || s.offsetExpr() != null;
          default -> false;
        };
    if (twice) {
      syntaxError(e.position(), "offset may not be set multiple times");
      return e;
    }
    return switch (e) {
      case VectorSelector v -> withOffset(v, ms, calculated, end);
      case MatrixSelector m ->
          new MatrixSelector(
              withOffset(m.selector(), ms, calculated, m.selector().position().end()),
              m.rangeMs(),
              m.rangeExpr(),
              end);
      case SubqueryExpr s ->
          new SubqueryExpr(
              s.expr(),
              s.rangeMs(),
              s.rangeExpr(),
              s.stepMs(),
              s.stepExpr(),
              ms,
              calculated,
              s.at(),
              end);
      default -> {
        syntaxError(
            e.position(),
            "offset modifier must be preceded by an instant vector selector or range vector"
                + " selector or a subquery");
        yield e;
      }
    };
  }

  private static VectorSelector withOffset(
      VectorSelector v, long ms, @Nullable DurationExpr calculated, int end) {
    return new VectorSelector(
        v.name(),
        v.matchers(),
        ms,
        calculated,
        v.at(),
        v.mode(),
        v.matchersOnly(),
        new PosRange(v.position().start(), end));
  }

  private Expr at(Expr e, PromQL.AtExprContext c) {
    PromQL.AtValueContext value = c.atValue();
    At at;
    if (value.START() != null) {
      at = new At(At.Kind.START, 0);
    } else if (value.END() != null) {
      at = new At(At.Kind.END, 0);
    } else {
      Token number =
          value.NUMBER() != null ? value.NUMBER().getSymbol() : value.DURATION().getSymbol();
      double seconds = durations.value(number);
      if (value.sign != null && value.sign.getType() == PromQL.SUB) {
        seconds = -seconds;
      }
      if (Double.isNaN(seconds) || Math.abs(seconds) >= 0x1p63) {
        syntaxError(
            e.position(), "timestamp out of bounds for @ modifier: " + sixDecimals(seconds));
        return e;
      }
      at = new At(At.Kind.FIXED, roundHalfAway(seconds * 1000));
    }
    boolean twice =
        switch (e) {
          case VectorSelector v -> v.at() != null;
          case MatrixSelector m -> m.selector().at() != null;
          case SubqueryExpr s -> s.at() != null;
          default -> false;
        };
    if (twice) {
      syntaxError(e.position(), "@ <timestamp> may not be set multiple times");
      return e;
    }
    int end = positions.end(c.getStop());
    return switch (e) {
      case VectorSelector v -> withAt(v, at, end);
      case MatrixSelector m ->
          new MatrixSelector(
              withAt(m.selector(), at, m.selector().position().end()),
              m.rangeMs(),
              m.rangeExpr(),
              end);
      case SubqueryExpr s ->
          new SubqueryExpr(
              s.expr(),
              s.rangeMs(),
              s.rangeExpr(),
              s.stepMs(),
              s.stepExpr(),
              s.offsetMs(),
              s.offsetExpr(),
              at,
              end);
      default -> {
        syntaxError(
            e.position(),
            "@ modifier must be preceded by an instant vector selector or range vector selector or"
                + " a subquery");
        yield e;
      }
    };
  }

  private static VectorSelector withAt(VectorSelector v, At at, int end) {
    return new VectorSelector(
        v.name(),
        v.matchers(),
        v.offsetMs(),
        v.offsetExpr(),
        at,
        v.mode(),
        v.matchersOnly(),
        new PosRange(v.position().start(), end));
  }

  private static String sixDecimals(double v) {
    if (Double.isNaN(v) || Double.isInfinite(v)) {
      return Numbers.plain(v);
    }
    return new java.math.BigDecimal(v)
        .setScale(6, java.math.RoundingMode.HALF_EVEN)
        .toPlainString();
  }

  static long roundHalfAway(double v) {
    return (long) (v < 0 ? -Math.floor(-v + 0.5) : Math.floor(v + 0.5));
  }

  private Expr mode(Expr e, PromQL.ModeExprContext c) {
    boolean anchored = c.rangeMode.getType() == PromQL.ANCHORED;
    String word = anchored ? "anchored" : "smoothed";
    if (!options.extendedRangeSelectors()) {
      syntaxError(e.position(), word + " modifier is experimental and not enabled");
      return e;
    }
    RangeMode mode = anchored ? RangeMode.ANCHORED : RangeMode.SMOOTHED;
    int end = positions.end(c.rangeMode);
    return switch (e) {
      case VectorSelector v -> withMode(v, mode, end);
      case MatrixSelector m ->
          new MatrixSelector(
              withMode(m.selector(), mode, m.selector().position().end()),
              m.rangeMs(),
              m.rangeExpr(),
              end);
      case SubqueryExpr _ -> {
        syntaxError(e.position(), word + " modifier is not supported for subqueries");
        yield e;
      }
      default -> {
        syntaxError(
            e.position(),
            word
                + " modifier must be preceded by an instant vector selector or range vector"
                + " selector");
        yield e;
      }
    };
  }

  private VectorSelector withMode(VectorSelector v, RangeMode mode, int end) {
    if (v.mode() != RangeMode.PLAIN && v.mode() != mode) {
      syntaxError(v.position(), "anchored and smoothed modifiers cannot be used together");
    }
    return new VectorSelector(
        v.name(),
        v.matchers(),
        v.offsetMs(),
        v.offsetExpr(),
        v.at(),
        mode,
        v.matchersOnly(),
        new PosRange(v.position().start(), end));
  }

  /* aggregations and calls */

  private Expr aggregate(PromQL.AggregateContext a) {
    PosRange position = positions.of(a);
    AggregateOp op =
        AggregateOp.valueOf(a.aggregateOp().getStart().getText().toUpperCase(Locale.ROOT));
    boolean without = false;
    List<String> grouping = List.of();
    if (a.grouping() != null) {
      without = a.grouping().WITHOUT() != null;
      grouping = labels(a.grouping().labelList().label());
    }
    int mark = typeErrors.size();
    List<Expr> arguments = arguments(a.arguments(), null);
    Expr missing = new NumberLiteral(Double.NaN, false, position);
    if (arguments.isEmpty()) {
      syntaxError(position, "no arguments for aggregate expression provided");
      return new AggregateExpr(op, missing, null, grouping, without, position);
    }
    if (op.isExperimental() && !options.experimentalFunctions()) {
      syntaxError(
          position,
          op.text()
              + "() is experimental and must be enabled with"
              + " --enable-feature=promql-experimental-functions");
      return new AggregateExpr(op, missing, null, grouping, without, position);
    }
    int wanted = op.hasParameter() ? 2 : 1;
    if (arguments.size() != wanted) {
      syntaxError(
          position,
          "wrong number of arguments for aggregate expression provided, expected "
              + wanted
              + ", got "
              + arguments.size());
      return new AggregateExpr(op, missing, null, grouping, without, position);
    }
    Expr expr = arguments.get(wanted - 1);
    Expr param = op.hasParameter() ? arguments.get(0) : null;
    if (typeErrors.size() == mark) {
      expectType(expr, ValueType.VECTOR, "aggregation expression");
      if (param != null) {
        expectType(
            param,
            op == AggregateOp.COUNT_VALUES ? ValueType.STRING : ValueType.SCALAR,
            "aggregation parameter");
      }
    }
    return new AggregateExpr(op, expr, param, grouping, without, position);
  }

  private List<String> labels(List<PromQL.LabelContext> contexts) {
    List<String> names = new ArrayList<>(contexts.size());
    for (PromQL.LabelContext l : contexts) {
      Token t = l.getStart();
      names.add(t.getType() == PromQL.STRING ? unquote(t) : t.getText());
    }
    return names;
  }

  private List<Expr> arguments(PromQL.ArgumentsContext a, @Nullable FunctionSignature function) {
    List<Expr> out = new ArrayList<>();
    int deepest = 0;
    boolean info = function != null && function.name().equals("info");
    for (ExprContext c : a.expr()) {
      out.add(expr(c, info && out.size() == 1));
      deepest = Math.max(deepest, depth);
    }
    depth = deepest + 1;
    if (!out.isEmpty() && a.COMMA().size() == out.size()) {
      syntaxError(
          positions.of(a.COMMA(out.size() - 1).getSymbol()),
          "trailing commas not allowed in function call args");
    }
    return out;
  }

  private Expr call(PromQL.CallContext c) {
    Token nameToken = c.functionName().getStart();
    String name = nameToken.getText();
    FunctionSignature function = options.function(name);
    if (function == null && nameToken.getType() != PromQL.IDENTIFIER) {
      function = options.function(name.toLowerCase(Locale.ROOT));
    }
    int typeMark = typeErrors.size();
    List<Expr> arguments = arguments(c.arguments(), function);
    PosRange position = positions.of(c);
    if (function == null) {
      syntaxErrors.add(
          new ParseError(
              "unknown function with name " + Strings.quote(name), positions.of(nameToken), name));
      return new Call(
          new FunctionSignature(name, List.of(), 0, ValueType.NONE, false), arguments, position);
    }
    if (function.experimental() && !options.experimentalFunctions()) {
      syntaxError(positions.of(nameToken), "function " + Strings.quote(name) + " is not enabled");
    }
    checkCount(function, arguments.size(), position, typeMark);
    if (function.name().equals("info") && arguments.size() > 1) {
      Expr second = arguments.get(1);
      if (!(second instanceof VectorSelector v)) {
        typeError(second.position(), "expected label selectors only");
      } else if (!v.name().isEmpty()) {
        typeError(v.position(), "expected label selectors only, got vector selector instead");
      }
    }
    List<ValueType> types = function.arguments();
    for (int i = 0; i < arguments.size(); i++) {
      int t = i;
      if (i >= types.size()) {
        if (function.variadic() == 0) {
          break;
        }
        t = types.size() - 1;
      }
      expectType(
          arguments.get(i), types.get(t), "call to function " + Strings.quote(function.name()));
    }
    return new Call(function, arguments, position);
  }

  private void checkCount(FunctionSignature f, int got, PosRange position, int mark) {
    int declared = f.arguments().size();
    String limit;
    int wanted;
    if (f.variadic() == 0) {
      if (got == declared) {
        return;
      }
      limit = "";
      wanted = declared;
    } else if (got < declared - 1) {
      limit = "at least ";
      wanted = declared - 1;
    } else if (f.variadic() > 0 && got > declared - 1 + f.variadic()) {
      limit = "at most ";
      wanted = declared - 1 + f.variadic();
    } else {
      return;
    }
    typeErrors.add(
        mark,
        new ParseError(
            "expected "
                + limit
                + wanted
                + " argument(s) in call to "
                + Strings.quote(f.name())
                + ", got "
                + got,
            position));
  }

  private void expectType(Expr e, ValueType wanted, String context) {
    if (e.type() != wanted) {
      typeError(
          e.position(),
          "expected type "
              + wanted.documented()
              + " in "
              + context
              + ", got "
              + e.type().documented());
    }
  }

  /* binary operators */

  private Expr binary(Expr left, Expr right, PromQL.BinaryExprContext c) {
    BinaryOp op = operator(c.op.getType());
    PromQL.BinModifierContext m = c.binModifier();
    boolean bool = m.BOOL() != null;
    VectorMatching matching = matching(m);
    PosRange position = new PosRange(left.position().start(), right.position().end());
    ValueType lt = left.type();
    ValueType rt = right.type();
    boolean vectors = lt == ValueType.VECTOR && rt == ValueType.VECTOR;
    boolean scalars = lt == ValueType.SCALAR && rt == ValueType.SCALAR;
    if (bool && !op.isComparison()) {
      typeError(opRange(left, right), "bool modifier can only be used on comparison operators");
    }
    if (op.isComparison() && !bool && scalars) {
      typeError(opRange(left, right), "comparisons between scalars must use BOOL modifier");
    }
    if (op.isSet() && matching.card() == Card.ONE_TO_ONE) {
      matching = matching.withCard(Card.MANY_TO_MANY);
    }
    if (matching.on()) {
      for (String label : matching.labels()) {
        if (matching.include().contains(label)) {
          typeError(
              opRange(left, right),
              "label " + Strings.quote(label) + " must not occur in ON and GROUP clause at once");
        }
      }
    }
    String sides = "binary expression must contain only scalar and instant vector types";
    if (lt != ValueType.SCALAR && lt != ValueType.VECTOR) {
      typeError(left.position(), sides);
    }
    if (rt != ValueType.SCALAR && rt != ValueType.VECTOR) {
      typeError(right.position(), sides);
    }
    boolean fill = matching.fillLeft() != null || matching.fillRight() != null;
    String quotedOp = Strings.quote(op.symbol());
    if (!vectors) {
      if (!matching.labels().isEmpty()) {
        typeError(position, "vector matching only allowed between instant vectors");
      }
      if (fill) {
        typeError(position, "filling in missing series only allowed between instant vectors");
      }
    } else if (op.isSet()) {
      if (matching.card() == Card.ONE_TO_MANY || matching.card() == Card.MANY_TO_ONE) {
        typeError(position, "no grouping allowed for " + quotedOp + " operation");
      }
      if (matching.card() != Card.MANY_TO_MANY) {
        typeError(position, "set operations must always be many-to-many");
      }
      if (fill) {
        typeError(position, "filling in missing series not allowed for set operators");
      }
    }
    if ((lt == ValueType.SCALAR || rt == ValueType.SCALAR) && op.isSet()) {
      typeError(position, "set operator " + quotedOp + " not allowed in binary scalar expression");
    }
    return new BinaryExpr(
        op,
        left,
        right,
        vectors ? matching : null,
        bool,
        scalars ? ValueType.SCALAR : ValueType.VECTOR,
        position);
  }

  private VectorMatching matching(PromQL.BinModifierContext m) {
    Card card = Card.ONE_TO_ONE;
    List<String> labels = List.of();
    List<String> include = List.of();
    if (m.labelList() != null) {
      labels = labels(m.labelList().label());
    }
    PromQL.GroupModifierContext g = m.groupModifier();
    if (g != null) {
      card = g.GROUP_LEFT() != null ? Card.MANY_TO_ONE : Card.ONE_TO_MANY;
      if (g.groupLabels() != null) {
        include = labels(g.groupLabels().label());
      }
    }
    Double fillLeft = null;
    Double fillRight = null;
    for (PromQL.FillModifierContext f : m.fillModifier()) {
      if (!options.binopFill()) {
        syntaxError(positions.of(f), "binop fill modifiers are experimental and not enabled");
      }
      double v =
          durations.value(f.NUMBER() != null ? f.NUMBER().getSymbol() : f.DURATION().getSymbol());
      if (f.sign != null && f.sign.getType() == PromQL.SUB) {
        v = -v;
      }
      boolean left = f.FILL_RIGHT() == null;
      boolean right = f.FILL_LEFT() == null;
      if ((left && fillLeft != null) || (right && fillRight != null)) {
        syntaxError(positions.of(f), "fill modifier may not be set multiple times");
      }
      fillLeft = left ? Double.valueOf(v) : fillLeft;
      fillRight = right ? Double.valueOf(v) : fillRight;
    }
    return new VectorMatching(card, labels, m.ON() != null, include, fillLeft, fillRight);
  }

  /** Returns the part between the operands without blanks at its ends, as Prometheus counts it. */
  private PosRange opRange(Expr left, Expr right) {
    int start = left.position().end();
    while (isBlank(positions.charAt(query, start))) {
      start++;
    }
    int end = right.position().start() - 1;
    while (isBlank(positions.charAt(query, end))) {
      end--;
    }
    return new PosRange(start, end);
  }

  private static boolean isBlank(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
  }

  private static BinaryOp operator(int token) {
    return switch (token) {
      case PromQL.ADD -> BinaryOp.ADD;
      case PromQL.SUB -> BinaryOp.SUB;
      case PromQL.MUL -> BinaryOp.MUL;
      case PromQL.DIV -> BinaryOp.DIV;
      case PromQL.MOD -> BinaryOp.MOD;
      case PromQL.POW -> BinaryOp.POW;
      case PromQL.ATAN2 -> BinaryOp.ATAN2;
      case PromQL.EQLC -> BinaryOp.EQL;
      case PromQL.NEQ -> BinaryOp.NEQ;
      case PromQL.LTE -> BinaryOp.LTE;
      case PromQL.LSS -> BinaryOp.LSS;
      case PromQL.GTE -> BinaryOp.GTE;
      case PromQL.GTR -> BinaryOp.GTR;
      case PromQL.TRIM_UPPER -> BinaryOp.TRIM_UPPER;
      case PromQL.TRIM_LOWER -> BinaryOp.TRIM_LOWER;
      case PromQL.AND -> BinaryOp.AND;
      case PromQL.OR -> BinaryOp.OR;
      default -> BinaryOp.UNLESS;
    };
  }

  private void syntaxError(PosRange position, String message) {
    syntaxErrors.add(new ParseError(message, position));
  }

  private void typeError(PosRange position, String message) {
    typeErrors.add(new ParseError(message, position));
  }
}
