package io.narthex.query.plan;

import io.narthex.model.Matcher;
import io.narthex.promql.Expr;
import io.narthex.promql.Expr.AggregateExpr;
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
import io.narthex.promql.ValueType;
import io.narthex.query.context.QueryContext;
import io.narthex.query.functions.Expressions;
import io.narthex.query.functions.FunctionKernel;
import io.narthex.query.functions.QueryFunctions;
import io.narthex.query.plan.SharedRead.Member;
import io.narthex.query.series.Grid;
import io.narthex.query.series.SamplePart;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Makes the plan of a query: walks over it as its evaluation will, with the same steps, and finds
 * what is needed twice. Iterative, so that long chains of operators do not overflow the stack.
 */
public final class Planner {
  /**
   * A part that will be evaluated.
   *
   * @param grid its steps; null when they are not known yet
   */
  private record Visit(Expr e, @Nullable Grid grid, boolean subquery) {}

  private final QueryContext context;
  private final QueryFunctions functions;
  private final Plan plan;
  private final Numbering numbering;
  private final Deque<Visit> visits = new ArrayDeque<>();
  private final List<Expr> visited = new ArrayList<>();
  private final Map<List<Matcher>, Integer> reads = new HashMap<>();
  private final Map<List<Matcher>, List<Member>> members = new LinkedHashMap<>();

  private Planner(QueryContext context, QueryFunctions functions, Plan plan, Numbering numbering) {
    this.context = context;
    this.functions = functions;
    this.plan = plan;
    this.numbering = numbering;
  }

  /**
   * Returns the plan of a query.
   *
   * @param leavesOut whether parts may be left unread that cannot change the answer
   */
  public static Plan plan(
      Expr e, Grid grid, QueryContext context, QueryFunctions functions, boolean leavesOut) {
    Plan plan = new Plan(new StepInvariance(functions), grid.size() > 1);
    List<Expr> nodes = nodes(e);
    Constants.fold(nodes, functions).forEach((part, value) -> plan.decide(part).constant = value);
    int selectors = 0;
    for (Expr node : nodes) {
      VectorSelector v = selector(node);
      if (v != null && !v.matchersOnly()) {
        selectors++;
        plan.alone.add(v.matchers());
      }
    }
    if (selectors < 2 || grid.size() == 0) {
      return plan;
    }
    plan.leavesOut = leavesOut;
    List<Expr> read = nodes;
    // without two selectors that are the same there is nothing to share
    if (plan.alone.size() < selectors) {
      plan.alone.clear();
      Numbering numbering = new Numbering(nodes, functions);
      for (Expr node : nodes) {
        plan.decide(node).id = numbering.of(node).id();
      }
      Planner planner = new Planner(context, functions, plan, numbering);
      planner.share(e, grid);
      read = planner.visited;
    }
    if (leavesOut) {
      narrow(plan, read, new Narrowing(context.options, functions));
    }
    return plan;
  }

  /** Returns all parts, each before the parts inside of it. */
  private static List<Expr> nodes(Expr e) {
    List<Expr> out = new ArrayList<>();
    Deque<Expr> rest = new ArrayDeque<>();
    rest.push(e);
    while (!rest.isEmpty()) {
      Expr next = rest.pop();
      out.add(next);
      for (Expr inner : SyntaxTree.children(next)) {
        rest.push(inner);
      }
    }
    return out;
  }

  private static @Nullable VectorSelector selector(Expr e) {
    return e instanceof VectorSelector v ? v : e instanceof MatrixSelector m ? m.selector() : null;
  }

  private void share(Expr e, Grid grid) {
    plan.shared = new LinkedHashMap<>();
    plan.members = new HashMap<>();
    Expr inner = Expressions.unwrap(e);
    if (inner.type() == ValueType.MATRIX) {
      range(inner, grid, false);
    } else {
      visits.push(new Visit(inner, grid, false));
    }
    while (!visits.isEmpty()) {
      Visit next = visits.pop();
      visit(Expressions.unwrap(next.e), next.grid, next.subquery);
    }
    plan.shared.values().removeIf(s -> s.uses() < 2);
    int number = 0;
    for (Shared s : plan.shared.values()) {
      s.number = ++number;
    }
    reads.forEach((matchers, uses) -> {
      if (uses == 1) {
        plan.alone.add(matchers);
      }
    });
    List<SharedRead> combined = new ArrayList<>();
    members.forEach((matchers, of) -> SharedRead.combine(matchers, of, combined));
    plan.members.values().removeIf(m -> m.owner() == null);
  }

  private void visit(Expr e, @Nullable Grid grid, boolean subquery) {
    Numbering.Entry known = numbering.of(e);
    if (grid != null && known.reads()) {
      Plan.Key key = new Plan.Key(known.id(), grid, subquery);
      Shared value = plan.shared.get(key);
      if (value == null) {
        value = new Shared();
        plan.shared.put(key, value);
      }
      plan.decide(e).shared = value;
      if (!value.add()) {
        return;
      }
    }
    inside(e, grid == null ? null : stepsOf(e, grid), subquery);
  }

  private Grid stepsOf(Expr e, Grid grid) {
    return grid.size() > 1 && plan.isInvariant(e) ? grid.first() : grid;
  }

  private void inside(Expr e, @Nullable Grid grid, boolean subquery) {
    switch (e) {
      case NumberLiteral _, StringLiteral _ -> {}
      case VectorSelector v -> instant(v, grid, SamplePart.VALUE);
      case ParenExpr p -> visits.push(new Visit(p.expr(), grid, subquery));
      case UnaryExpr u -> visits.push(new Visit(u.expr(), grid, subquery));
      case BinaryExpr b -> {
        visited.add(b);
        visits.push(new Visit(b.right(), grid, subquery));
        visits.push(new Visit(b.left(), grid, subquery));
      }
      case AggregateExpr a -> {
        visits.push(new Visit(a.expr(), grid, subquery));
        Expr param = a.param();
        if (param != null) {
          visits.push(new Visit(param, grid, subquery));
        }
      }
      case Call c -> call(c, grid, subquery);
      case MatrixSelector _, SubqueryExpr _ -> range(e, grid, subquery);
    }
  }

  private void call(Call c, @Nullable Grid grid, boolean subquery) {
    FunctionKernel kernel = functions.of(c);
    List<Expr> arguments = c.arguments();
    if (kernel.selects()) {
      // the second argument is no selector, and what is read beyond is not known here
      visits.push(new Visit(arguments.getFirst(), grid, subquery));
      return;
    }
    if (kernel.part() != SamplePart.VALUE
        && Expressions.unwrap(arguments.getFirst()) instanceof VectorSelector v) {
      instant(v, grid, kernel.part());
      return;
    }
    for (Expr a : arguments) {
      if (a.type() == ValueType.MATRIX) {
        range(Expressions.unwrap(a), grid, subquery);
      } else {
        visits.push(new Visit(a, grid, subquery));
      }
    }
  }

  /* what is read */

  private void instant(VectorSelector v, @Nullable Grid grid, SamplePart part) {
    reads.merge(v.matchers(), 1, Integer::sum);
    if (grid == null
        || grid.size() < 2
        || v.at() != null
        || v.mode() != RangeMode.PLAIN
        || v.offsetExpr() != null) {
      return;
    }
    long from = grid.startMs() - v.offsetMs() - context.lookbackMs + 1;
    long to = grid.endMs() - v.offsetMs();
    wants(v, v, grid, new Member(from, to, grid, v.offsetMs(), part));
  }

  private void range(Expr e, @Nullable Grid grid, boolean subquery) {
    if (e instanceof SubqueryExpr s) {
      Grid inner = grid == null ? null : steps(s, grid);
      if (inner == null || inner.size() > 0) {
        visits.push(new Visit(s.expr(), inner, true));
      }
    } else if (e instanceof MatrixSelector m) {
      samples(m, grid);
    }
  }

  private void samples(MatrixSelector m, @Nullable Grid grid) {
    VectorSelector v = m.selector();
    reads.merge(v.matchers(), 1, Integer::sum);
    if (grid == null
        || v.mode() != RangeMode.PLAIN
        || v.offsetExpr() != null
        || m.rangeExpr() != null) {
      return;
    }
    long first = context.base(v.at(), grid.startMs()) - v.offsetMs();
    long last = v.at() != null ? first : grid.endMs() - v.offsetMs();
    wants(m, v, grid, new Member(first - m.rangeMs() + 1, last, null, 0, SamplePart.VALUE));
  }

  private void wants(Expr e, VectorSelector v, Grid grid, Member m) {
    Numbering.Entry known = numbering.of(e);
    Plan.Wanted key = new Plan.Wanted(known.id(), grid, m.part);
    Member before = plan.members.putIfAbsent(key, m);
    if (before != null) {
      before.uses++;
      plan.decide(e).member = before;
      return;
    }
    plan.decide(e).member = m;
    members.computeIfAbsent(v.matchers(), k -> new ArrayList<>()).add(m);
  }

  /** Returns the steps of a subquery as its evaluation will; null when they are calculated. */
  private @Nullable Grid steps(SubqueryExpr s, Grid grid) {
    if (s.rangeExpr() != null || s.stepExpr() != null || s.offsetExpr() != null) {
      return null;
    }
    long step = s.stepMs();
    if (step == 0) {
      step = Math.max(1, context.options.defaultSubqueryStep().toMillis());
    }
    long first = context.base(s.at(), grid.startMs()) - s.offsetMs();
    long last = s.at() != null ? first : grid.endMs() - s.offsetMs();
    long start = Grid.firstStep(first - s.rangeMs(), step);
    long steps = last < start ? 0 : (last - start) / step + 1;
    return steps > Integer.MAX_VALUE - 8 ? null : new Grid(start, step, (int) steps);
  }

  /* what need not be read */

  private static void narrow(Plan plan, List<Expr> read, Narrowing narrowing) {
    for (Expr e : read) {
      if (e instanceof BinaryExpr b && b.matching() != null) {
        VectorSelector left = Narrowing.plain(b.left());
        if (left != null && isAlone(plan, left)) {
          narrow(plan, left, narrowing.forLeft(b));
        }
        VectorSelector right = Narrowing.plain(b.right());
        if (right != null && isAlone(plan, right)) {
          narrow(plan, right, narrowing.forRight(b));
        }
      }
    }
  }

  private static boolean isAlone(Plan plan, VectorSelector v) {
    Shared value = plan.decide(v).shared;
    return plan.alone.contains(v.matchers()) && (value == null || value.number == 0);
  }

  private static void narrow(Plan plan, VectorSelector v, List<Matcher> more) {
    if (more.isEmpty()) {
      return;
    }
    List<Matcher> all = new ArrayList<>(v.matchers());
    for (Matcher m : more) {
      if (!all.contains(m)) {
        all.add(m);
      }
    }
    if (all.size() > v.matchers().size()) {
      plan.decide(v).narrowed = List.copyOf(all);
    }
  }
}
