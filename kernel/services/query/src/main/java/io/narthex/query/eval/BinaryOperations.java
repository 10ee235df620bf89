package io.narthex.query.eval;

import io.narthex.model.Labels;
import io.narthex.model.NativeHistogram.ResetHint;
import io.narthex.promql.BinaryOp;
import io.narthex.promql.Expr;
import io.narthex.promql.Expr.BinaryExpr;
import io.narthex.promql.PosRange;
import io.narthex.promql.VectorMatching;
import io.narthex.promql.VectorMatching.Card;
import io.narthex.query.context.LabelSets;
import io.narthex.query.context.QueryContext;
import io.narthex.query.functions.Operators;
import io.narthex.query.histogram.Hist;
import io.narthex.query.histogram.HistTrim;
import io.narthex.query.math.ScalarOperators;
import io.narthex.query.plan.Plan;
import io.narthex.query.series.Grid;
import io.narthex.query.series.StepSeries;
import io.narthex.query.series.Value;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Operators between two values. Which series match is found once by numbering the signatures of
 * both sides; a step then only looks up numbers.
 */
final class BinaryOperations {
  private final Operators operators;
  private final QueryContext context;
  private final Plan plan;
  private final Hist.Findings findings = new Hist.Findings();

  /** Result of {@link #apply}: a float, or a histogram if not null; nothing if not {@code keep}. */
  private double outFloat;

  private @Nullable Hist outHist;
  private boolean keep;

  BinaryOperations(Operators operators, Plan plan) {
    this.operators = operators;
    this.context = operators.context();
    this.plan = plan;
  }

  /** Returns the value; a chain of operators is walked in a loop, since it may be long. */
  Value eval(BinaryExpr b, Grid grid) {
    long held = context.held();
    long taken = context.taken();
    Deque<BinaryExpr> chain = new ArrayDeque<>();
    Expr at = b;
    while (at instanceof BinaryExpr x && (x == b || plan.isOwn(x, grid, context.isInSubquery()))) {
      chain.push(x);
      at = x.left();
    }
    BinaryExpr next = chain.pop();
    Value right = null;
    Value left;
    if (plan.rightFirst(next)) {
      right = operators.eval(next.right(), grid);
      left = isEmpty(right) ? right : operators.eval(at, grid);
    } else {
      left = operators.eval(at, grid);
    }
    while (true) {
      if (right == null) {
        boolean skip = isEmpty(left) && plan.skipsRight(next);
        right = skip ? left : operators.eval(next.right(), grid);
      }
      left = eval(next, left, right, grid);
      context.settle(held + Value.size(left));
      context.settleBytes(taken + Value.bytes(left));
      if (chain.isEmpty()) {
        return left;
      }
      next = chain.pop();
      right = null;
    }
  }

  private static boolean isEmpty(Value v) {
    return v instanceof Value.Vector x && x.series().isEmpty();
  }

  private Value eval(BinaryExpr b, Value left, Value right, Grid grid) {
    if (left instanceof Value.Scalar l && right instanceof Value.Scalar r) {
      double[] out = new double[grid.size()];
      for (int i = 0; i < out.length; i++) {
        out[i] = ScalarOperators.apply(b.op(), l.values()[i], r.values()[i]);
      }
      return new Value.Scalar(out);
    }
    if (left instanceof Value.Vector l && right instanceof Value.Scalar r) {
      return new Value.Vector(vectorScalar(b, l.series(), r.values(), false));
    }
    if (left instanceof Value.Scalar l && right instanceof Value.Vector r) {
      return new Value.Vector(vectorScalar(b, r.series(), l.values(), true));
    }
    List<StepSeries> l = ((Value.Vector) left).series();
    List<StepSeries> r = ((Value.Vector) right).series();
    VectorMatching m = Objects.requireNonNull(b.matching());
    if (b.op().isSet()) {
      return new Value.Vector(set(b.op(), m, l, r, grid));
    }
    return new Value.Vector(vectors(b, m, l, r, grid));
  }

  /* elements */

  /** Returns the result for floats; for comparisons the left value, with {@link #keep} set. */
  private double floats(BinaryOp op, double l, double r) {
    if (ScalarOperators.isArithmetic(op)) {
      keep = true;
      return ScalarOperators.arithmetic(op, l, r);
    }
    keep = ScalarOperators.compare(op, l, r);
    return l;
  }

  /** Calculates one element into {@link #outFloat}, {@link #outHist}, {@link #keep}. */
  private void apply(
      BinaryOp op, double l, double r, @Nullable Hist hl, @Nullable Hist hr, PosRange position) {
    outHist = null;
    keep = true;
    if (hl == null && hr == null) {
      if (op == BinaryOp.TRIM_LOWER || op == BinaryOp.TRIM_UPPER) {
        incompatible("float", op, "float", position);
      } else {
        outFloat = floats(op, l, r);
      }
    } else if (hl == null) {
      if (op == BinaryOp.MUL) {
        outHist = Objects.requireNonNull(hr).times(l).compact();
      } else {
        incompatible("float", op, "histogram", position);
      }
    } else if (hr == null) {
      switch (op) {
        case MUL -> outHist = hl.times(r).compact();
        case DIV -> outHist = hl.dividedBy(r).compact();
        case TRIM_UPPER -> outHist = HistTrim.upper(hl, r);
        case TRIM_LOWER -> outHist = HistTrim.lower(hl, r);
        default -> incompatible("histogram", op, "float", position);
      }
    } else {
      histograms(op, hl, hr, position);
    }
  }

  private void histograms(BinaryOp op, Hist l, Hist r, PosRange position) {
    switch (op) {
      case ADD, SUB -> {
        boolean add = op == BinaryOp.ADD;
        findings.clear();
        Hist h = add ? l.plus(r, findings) : l.minus(r, findings);
        String what = add ? "addition" : "subtraction";
        if (findings.incompatible) {
          context.annotations.incompatibleBucketLayout(op.symbol(), position);
          keep = false;
          return;
        }
        if (findings.resetCollision) {
          context.annotations.conflictingResets(what, position);
        }
        if (findings.boundsReconciled) {
          context.annotations.boundsReconciled(what, position);
        }
        outHist = (add ? h : h.withHint(ResetHint.GAUGE)).compact();
      }
      case EQL -> {
        keep = l.sameAs(r);
        outHist = l;
      }
      case NEQ -> {
        keep = !l.sameAs(r);
        outHist = l;
      }
      default -> incompatible("histogram", op, "histogram", position);
    }
  }

  private void incompatible(String left, BinaryOp op, String right, PosRange position) {
    context.annotations.incompatibleTypes(left, op.symbol(), right, position);
    keep = false;
  }

  private static boolean dropsName(BinaryOp op) {
    return op.compareTo(BinaryOp.ATAN2) <= 0;
  }

  /* vector and scalar */

  private List<StepSeries> vectorScalar(
      BinaryExpr b, List<StepSeries> in, double[] scalar, boolean swapped) {
    BinaryOp op = b.op();
    boolean drop = dropsName(op) || b.returnBool();
    List<StepSeries> out = new ArrayList<>(in.size());
    for (StepSeries s : in) {
      context.check();
      StepSeries r =
          drop ? LabelSets.renamed(context, s) : context.series(s.labels, s.dropName, s.steps());
      boolean any = false;
      for (int i = 0; i < s.steps(); i++) {
        byte kind = s.kinds[i];
        if (kind == StepSeries.NONE) {
          continue;
        }
        double v = s.floats[i];
        Hist h = kind == StepSeries.HIST ? s.hist(i) : null;
        if (swapped) {
          apply(op, scalar[i], v, null, h, b.position());
        } else {
          apply(op, v, scalar[i], h, null, b.position());
        }
        if (op.isComparison() && swapped) {
          outFloat = v;
          outHist = h;
        }
        any |= write(r, i, b.returnBool(), h != null);
      }
      if (any) {
        out.add(r);
      } else {
        context.drop(StepSeries.bytes(s.steps()));
      }
    }
    return drop ? LabelSets.merge(context, out) : out;
  }

  /** Writes what {@link #apply} has left; returns whether there is anything. */
  private boolean write(StepSeries r, int step, boolean bool, boolean hist) {
    if (bool) {
      if (hist && !keep && outHist == null) {
        return false;
      }
      r.set(step, keep ? 1 : 0);
      return true;
    }
    if (!keep) {
      return false;
    }
    Hist h = outHist;
    if (h != null) {
      r.set(step, h);
    } else {
      r.set(step, outFloat);
    }
    return true;
  }

  /* matching */

  /** Numbers the signatures of series. */
  private final class Signatures {
    private final VectorMatching matching;
    private final Set<String> names;
    private final Map<Labels, Integer> ids = new HashMap<>();

    Signatures(VectorMatching matching) {
      this.matching = matching;
      this.names = new HashSet<>(matching.labels());
      if (!matching.on()) {
        names.add(Labels.METRIC_NAME);
        if (context.options.typeAndUnitLabels()) {
          names.add("__type__");
          names.add("__unit__");
        }
      }
    }

    Labels of(Labels labels) {
      return matching.on() ? labels.keep(names) : labels.drop(names);
    }

    int[] ids(List<StepSeries> series) {
      int[] out = new int[series.size()];
      for (int i = 0; i < out.length; i++) {
        Labels key = of(series.get(i).labels);
        Integer known = ids.putIfAbsent(key, ids.size());
        out[i] = known == null ? ids.size() - 1 : known;
      }
      return out;
    }

    int size() {
      return ids.size();
    }
  }

  private List<StepSeries> set(
      BinaryOp op, VectorMatching m, List<StepSeries> left, List<StepSeries> right, Grid grid) {
    Signatures signatures = new Signatures(m);
    int[] l = signatures.ids(left);
    int[] r = signatures.ids(right);
    int steps = grid.size();
    boolean or = op == BinaryOp.OR;
    List<StepSeries> marking = or ? left : right;
    int[] marks = or ? l : r;
    boolean[][] present = new boolean[signatures.size()][];
    for (int s = 0; s < marking.size(); s++) {
      boolean[] p = present[marks[s]];
      if (p == null) {
        p = new boolean[steps];
        present[marks[s]] = p;
      }
      byte[] kinds = marking.get(s).kinds;
      for (int i = 0; i < steps; i++) {
        p[i] |= kinds[i] != StepSeries.NONE;
      }
    }
    List<StepSeries> filtered = or ? right : left;
    int[] ids = or ? r : l;
    boolean wanted = op == BinaryOp.AND;
    List<StepSeries> out = new ArrayList<>(or ? left : List.of());
    for (int s = 0; s < filtered.size(); s++) {
      context.check();
      StepSeries series = filtered.get(s);
      boolean[] p = present[ids[s]];
      StepSeries kept = context.series(series.labels, series.dropName, steps);
      boolean any = false;
      for (int i = 0; i < steps; i++) {
        if (series.kinds[i] != StepSeries.NONE && (p != null && p[i]) == wanted) {
          kept.copy(i, series, i);
          any = true;
        }
      }
      if (any) {
        out.add(kept);
      } else {
        context.drop(StepSeries.bytes(steps));
      }
    }
    return or ? LabelSets.merge(context, out) : out;
  }

  /** One evaluation of a vector operator. */
  private final class Join {
    final BinaryExpr expr;
    final VectorMatching matching;
    final boolean swapped;
    final List<StepSeries> many;
    final List<StepSeries> one;
    final Signatures signatures;
    final int[] manyIds;
    final int[] oneIds;
    final Map<Long, Integer> pairs = new HashMap<>();
    final Map<Labels, Integer> byLabels = new HashMap<>();
    final List<StepSeries> out = new ArrayList<>();
    final Grid grid;

    Join(
        BinaryExpr expr,
        VectorMatching matching,
        List<StepSeries> left,
        List<StepSeries> right,
        Grid grid) {
      this.expr = expr;
      this.matching = matching;
      this.swapped = matching.card() == Card.ONE_TO_MANY;
      this.many = swapped ? right : left;
      this.one = swapped ? left : right;
      this.signatures = new Signatures(matching);
      this.manyIds = signatures.ids(many);
      this.oneIds = signatures.ids(one);
      this.grid = grid;
    }

    /**
     * Returns the output series for a pair; {@code o} or {@code m} is -1 where a side is filled.
     */
    int output(int m, int o) {
      long pair = ((long) m << 32) | (o & 0xffffffffL);
      Integer known = pairs.get(pair);
      if (known != null) {
        return known;
      }
      Labels manyLabels = m >= 0 ? many.get(m).labels : signatures.of(one.get(o).labels);
      Labels oneLabels = o >= 0 ? one.get(o).labels : signatures.of(many.get(m).labels);
      Labels labels = resultLabels(manyLabels, oneLabels);
      boolean dropName = expr.returnBool();
      if (dropName && !context.options.delayedNameRemoval()) {
        labels = LabelSets.withoutName(labels);
        dropName = false;
      }
      if (m >= 0 && many.get(m).dropName) {
        dropName = true;
      }
      Integer at = byLabels.get(labels);
      if (at == null) {
        at = out.size();
        byLabels.put(labels, at);
        out.add(context.series(labels, dropName, grid.size()));
      }
      pairs.put(pair, at);
      return at;
    }

    private Labels resultLabels(Labels manyLabels, Labels oneLabels) {
      Labels labels = manyLabels;
      if (dropsName(expr.op())) {
        labels = LabelSets.withoutName(labels);
      }
      if (matching.card() == Card.ONE_TO_ONE) {
        Set<String> names = new HashSet<>(matching.labels());
        labels = matching.on() ? labels.keep(names) : labels.drop(names);
      }
      for (String name : matching.include()) {
        labels = labels.with(name, oneLabels.get(name));
      }
      return labels;
    }

    /**
     * Returns, per series of the many side, the only series it can match or -1; null when a series
     * may match several, so that each step has to be checked.
     */
    int @Nullable [] fixedPartners() {
      if (matching.fillLeft() != null || matching.fillRight() != null) {
        return null;
      }
      int[] oneOf = new int[signatures.size()];
      Arrays.fill(oneOf, -1);
      for (int o = 0; o < oneIds.length; o++) {
        if (oneOf[oneIds[o]] >= 0) {
          return null;
        }
        oneOf[oneIds[o]] = o;
      }
      boolean[] seen = new boolean[signatures.size()];
      int[] partners = new int[manyIds.length];
      for (int m = 0; m < partners.length; m++) {
        if (matching.card() == Card.ONE_TO_ONE && seen[manyIds[m]]) {
          return null;
        }
        seen[manyIds[m]] = true;
        partners[m] = oneOf[manyIds[m]];
      }
      return partners;
    }

    /** Evaluates pair by pair. */
    private List<StepSeries> runPairs(int[] partners) {
      Set<Labels> labels = HashSet.newHashSet(partners.length);
      for (int m = 0; m < partners.length; m++) {
        int o = partners[m];
        if (o < 0) {
          continue;
        }
        context.check();
        Labels l = resultLabels(many.get(m).labels, one.get(o).labels);
        boolean dropName = expr.returnBool() || many.get(m).dropName;
        if (dropName && !context.options.delayedNameRemoval()) {
          l = LabelSets.withoutName(l);
          dropName = false;
        }
        StepSeries r = context.series(l, dropName, grid.size());
        StepSeries left = swapped ? one.get(o) : many.get(m);
        StepSeries right = swapped ? many.get(m) : one.get(o);
        if (pair(left, right, r)) {
          if (!labels.add(l)) {
            // rare: two pairs give one label set, which is an error only at a common step
            return List.of();
          }
          out.add(r);
        }
      }
      return out;
    }

    private boolean pair(StepSeries left, StepSeries right, StepSeries r) {
      BinaryOp op = expr.op();
      boolean plain =
          left.hists == null && right.hists == null && dropsName(op) && !expr.returnBool();
      boolean any = false;
      for (int i = 0; i < grid.size(); i++) {
        byte lk = left.kinds[i];
        byte rk = right.kinds[i];
        if (lk == StepSeries.NONE || rk == StepSeries.NONE) {
          continue;
        }
        if (plain) {
          r.kinds[i] = StepSeries.FLOAT;
          r.floats[i] = ScalarOperators.arithmetic(op, left.floats[i], right.floats[i]);
          any = true;
          continue;
        }
        Hist lh = lk == StepSeries.HIST ? left.hist(i) : null;
        Hist rh = rk == StepSeries.HIST ? right.hist(i) : null;
        apply(op, left.floats[i], right.floats[i], lh, rh, expr.position());
        any |= write(r, i, expr.returnBool(), lh != null || rh != null);
      }
      return any;
    }

    List<StepSeries> run() {
      int[] partners = fixedPartners();
      if (partners != null) {
        List<StepSeries> fast = runPairs(partners);
        if (!fast.isEmpty() || out.isEmpty()) {
          return fast;
        }
        out.clear();
      }
      int[] oneAt = new int[signatures.size()];
      int[] matched = new int[signatures.size()];
      int[] used = new int[one.size()];
      Arrays.fill(matched, -1);
      Arrays.fill(used, -1);
      // group_right swaps the operands before it fills: fill_left always stands in for "many"
      Double manyFill = matching.fillLeft();
      Double oneFill = matching.fillRight();
      for (int i = 0; i < grid.size(); i++) {
        context.check();
        boolean oneSided = !anyAt(many, i) || !anyAt(one, i);
        if (oneSided && manyFill == null && oneFill == null) {
          continue;
        }
        Arrays.fill(oneAt, -1);
        for (int o = 0; o < oneIds.length; o++) {
          if (one.get(o).kinds[i] != StepSeries.NONE) {
            int before = oneAt[oneIds[o]];
            if (before >= 0) {
              throw duplicate(o, before);
            }
            oneAt[oneIds[o]] = o;
          }
        }
        for (int m = 0; m < manyIds.length; m++) {
          if (many.get(m).kinds[i] == StepSeries.NONE) {
            continue;
          }
          int o = oneAt[manyIds[m]];
          if (o >= 0) {
            used[o] = i;
          } else if (oneFill == null) {
            continue;
          }
          element(m, o, i, 0, oneFill, matched);
        }
        if (manyFill != null) {
          for (int o = 0; o < oneIds.length; o++) {
            if (one.get(o).kinds[i] != StepSeries.NONE && used[o] != i) {
              element(-1, o, i, manyFill, null, matched);
            }
          }
        }
      }
      out.removeIf(StepSeries::isEmpty);
      return out;
    }

    private static boolean anyAt(List<StepSeries> series, int step) {
      for (StepSeries s : series) {
        if (s.kinds[step] != StepSeries.NONE) {
          return true;
        }
      }
      return false;
    }

    private void element(
        int m, int o, int step, double manyFill, @Nullable Double oneFill, int[] matched) {
      double mv = manyFill;
      Hist mh = null;
      if (m >= 0) {
        StepSeries s = many.get(m);
        mv = s.floats[step];
        mh = s.kinds[step] == StepSeries.HIST ? s.hist(step) : null;
      }
      double ov = oneFill == null ? 0 : oneFill;
      Hist oh = null;
      if (o >= 0) {
        StepSeries s = one.get(o);
        ov = s.floats[step];
        oh = s.kinds[step] == StepSeries.HIST ? s.hist(step) : null;
      }
      if (swapped) {
        apply(expr.op(), ov, mv, oh, mh, expr.position());
      } else {
        apply(expr.op(), mv, ov, mh, oh, expr.position());
      }
      // two matches are an error even when a comparison drops one of them
      int sig = m >= 0 ? manyIds[m] : oneIds[o];
      boolean oneToOne = matching.card() == Card.ONE_TO_ONE;
      if (oneToOne) {
        if (matched[sig] == step) {
          throw QueryContext.failed(
              "multiple matches for labels: many-to-one matching must be explicit"
                  + " (group_left/group_right)");
        }
        matched[sig] = step;
      }
      boolean hist = mh != null || oh != null;
      if (!keep && (!expr.returnBool() || (hist && outHist == null))) {
        return;
      }
      StepSeries r = out.get(output(m, o));
      if (r.kinds[step] != StepSeries.NONE) {
        throw oneToOne
            ? LabelSets.duplicate()
            : QueryContext.failed(
                "multiple matches for labels: grouping labels must ensure unique matches");
      }
      write(r, step, expr.returnBool(), hist);
    }

    private RuntimeException duplicate(int o, int before) {
      Labels a = one.get(o).labels;
      String side = swapped ? "left" : "right";
      return QueryContext.failed(
          "found duplicate series for the match group "
              + signatures.of(a)
              + " on the "
              + side
              + " hand-side of the operation: ["
              + one.get(before).labels
              + ", "
              + a
              + "];many-to-many matching not allowed: matching labels must be unique on one side");
    }
  }

  private List<StepSeries> vectors(
      BinaryExpr b, VectorMatching m, List<StepSeries> l, List<StepSeries> r, Grid grid) {
    return new Join(b, m, l, r, grid).run();
  }
}
