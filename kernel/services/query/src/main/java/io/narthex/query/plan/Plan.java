package io.narthex.query.plan;

import io.narthex.model.Matcher;
import io.narthex.promql.Expr;
import io.narthex.promql.Expr.BinaryExpr;
import io.narthex.promql.Expr.NumberLiteral;
import io.narthex.promql.Expr.ParenExpr;
import io.narthex.promql.Expr.StringLiteral;
import io.narthex.promql.Expr.VectorSelector;
import io.narthex.query.functions.QueryFunctions;
import io.narthex.query.series.Grid;
import io.narthex.query.series.SamplePart;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What may be shared, moved or left out when a query is evaluated; made by {@link Planner} for one
 * evaluation. Not thread-safe.
 */
public final class Plan {
  /**
   * What makes two evaluations of a part the same.
   *
   * @param id its number, see {@link Numbering}
   * @param grid the steps
   * @param subquery whether this is inside of a subquery
   */
  record Key(int id, Grid grid, boolean subquery) {}

  /** What a selector is asked for. */
  record Wanted(int id, Grid grid, SamplePart part) {}

  /** What is decided on one part of the query, whatever the steps. */
  static final class Decision {
    /** Its number, see {@link Numbering}; -1 when nothing of the query is shared. */
    int id = -1;

    /** The number that it was folded to. */
    @Nullable Double constant;

    /** Its matchers with those added by narrowing; null when none were. */
    @Nullable List<Matcher> narrowed;

    /** Its value, which is shared if it has a number. */
    @Nullable Shared shared;

    /** What it needs of a read, which is a common one if it has an owner. */
    SharedRead.@Nullable Member member;
  }

  private final StepInvariance invariance;
  private Map<Expr, Decision> decisions = Map.of();
  Map<Key, Shared> shared = Map.of();
  Map<Wanted, SharedRead.Member> members = Map.of();

  /** Matchers of selectors that are read once only. */
  final Set<List<Matcher>> alone = new HashSet<>();

  boolean leavesOut;
  final boolean isRange;

  /** Returns a plan that shares nothing and leaves nothing out. */
  public static Plan none(QueryFunctions functions) {
    return new Plan(new StepInvariance(functions), false);
  }

  Plan(StepInvariance invariance, boolean isRange) {
    this.invariance = invariance;
    this.isRange = isRange;
  }

  /** Returns the decision on a part, to be filled in. */
  Decision decide(Expr e) {
    if (decisions.isEmpty()) {
      decisions = new IdentityHashMap<>();
    }
    return decisions.computeIfAbsent(e, k -> new Decision());
  }

  private @Nullable Decision decision(Expr e) {
    return decisions.isEmpty() ? null : decisions.get(e);
  }

  /** Returns whether an expression has the same value at all steps. */
  public boolean isInvariant(Expr e) {
    return invariance.of(e);
  }

  /** Returns the number that an expression was folded to, if it was. */
  public @Nullable Double constant(Expr e) {
    Decision d = decision(e);
    return d == null ? null : d.constant;
  }

  /** Returns the shared value of an expression; null when it is evaluated by itself. */
  public @Nullable Shared shared(Expr e, Grid grid, boolean inSubquery) {
    Decision d = shared.isEmpty() ? null : decision(e);
    return d == null ? null : shared.get(new Key(d.id, grid, inSubquery));
  }

  /**
   * Returns whether an expression is evaluated for itself and at each step: it is not constant,
   * step-invariant or shared.
   */
  public boolean isOwn(Expr e, Grid grid, boolean inSubquery) {
    return constant(e) == null
        && (grid.size() == 1 || !isInvariant(e))
        && shared(e, grid, inSubquery) == null;
  }

  /** Returns the part a selector has in a common read; null when it is read by itself. */
  public SharedRead.@Nullable Member member(Expr selector, Grid grid, SamplePart part) {
    Decision d = members.isEmpty() ? null : decision(selector);
    SharedRead.Member m = d == null ? null : members.get(new Wanted(d.id, grid, part));
    return m == null || m.uses <= 0 ? null : m;
  }

  /** Returns the matchers of an instant selector, with those added by narrowing. */
  public List<Matcher> matchers(VectorSelector v) {
    Decision d = decision(v);
    return d == null || d.narrowed == null ? v.matchers() : d.narrowed;
  }

  /** Returns whether what a selector reads may be needed again. */
  public boolean isReadAgain(VectorSelector v) {
    return !alone.contains(v.matchers());
  }

  /** Returns whether the right side of an operator is evaluated first; see {@link #skipsRight}. */
  public boolean rightFirst(BinaryExpr b) {
    return leavesOut && Narrowing.rightFirst(b);
  }

  /** Returns whether the right side need not be evaluated when the left one is empty. */
  public boolean skipsRight(BinaryExpr b) {
    return leavesOut && Narrowing.needsLeft(b) && Narrowing.plain(b.right()) != null;
  }

  /** Returns the decisions on an expression by name. */
  Map<String, Object> explained(Expr e) {
    Map<String, Object> out = new TreeMap<>();
    Double number = constant(e);
    if (number != null) {
      out.put("constant", number);
    }
    boolean trivial =
        e instanceof NumberLiteral || e instanceof StringLiteral || e instanceof ParenExpr;
    if (isRange && number == null && !trivial && isInvariant(e)) {
      out.put("once", true);
    }
    Decision d = decision(e);
    if (d != null && d.shared != null && d.shared.number > 0) {
      out.put("shared", d.shared.number);
    }
    SharedRead read = d == null || d.member == null ? null : d.member.owner();
    if (read != null) {
      out.put("read", read.number);
    }
    if (e instanceof VectorSelector v && matchers(v).size() > v.matchers().size()) {
      out.put(
          "added", matchers(v).stream().skip(v.matchers().size()).map(Matcher::toString).toList());
    }
    if (e instanceof BinaryExpr b && rightFirst(b)) {
      out.put("first", "right");
    }
    return out;
  }
}
