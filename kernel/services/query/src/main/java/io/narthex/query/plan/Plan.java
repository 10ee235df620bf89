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

  private final StepInvariance invariance;

  Map<Expr, Double> constants = Map.of();
  @Nullable Numbering numbering;
  Map<Key, Shared> shared = Map.of();
  Map<Expr, Shared> sharedAt = Map.of();
  Map<Wanted, SharedRead.Member> members = Map.of();
  Map<Expr, SharedRead.Member> memberAt = Map.of();
  Map<Expr, List<Matcher>> added = Map.of();

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

  /** Returns whether an expression has the same value at all steps. */
  public boolean isInvariant(Expr e) {
    return invariance.of(e);
  }

  /** Returns the number that an expression was folded to, if it was. */
  public @Nullable Double constant(Expr e) {
    return constants.isEmpty() ? null : constants.get(e);
  }

  /** Returns the shared value of an expression; null when it is evaluated by itself. */
  public @Nullable Shared shared(Expr e, Grid grid, boolean inSubquery) {
    Numbering n = numbering;
    if (n == null || shared.isEmpty()) {
      return null;
    }
    Numbering.Entry known = n.of(e);
    return known == null ? null : shared.get(new Key(known.id(), grid, inSubquery));
  }

  /**
   * Returns whether an expression has a value of its own at each step: it is neither shared nor
   * step-invariant.
   */
  public boolean isOwn(Expr e, Grid grid, boolean inSubquery) {
    return (grid.size() == 1 || !isInvariant(e)) && shared(e, grid, inSubquery) == null;
  }

  /** Returns the part a selector has in a common read; null when it is read by itself. */
  public SharedRead.@Nullable Member member(Expr selector, Grid grid, SamplePart part) {
    Numbering n = numbering;
    if (n == null || members.isEmpty()) {
      return null;
    }
    Numbering.Entry known = n.of(selector);
    SharedRead.Member m = known == null ? null : members.get(new Wanted(known.id(), grid, part));
    return m == null || m.uses <= 0 ? null : m;
  }

  /** Returns the matchers of an instant selector, with those added by narrowing. */
  public List<Matcher> matchers(VectorSelector v) {
    List<Matcher> more = added.isEmpty() ? null : added.get(v);
    return more == null ? v.matchers() : more;
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

  /** Returns the decisions on an expression by name, for explain. */
  Map<String, Object> decisions(Expr e) {
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
    Shared value = sharedAt.get(e);
    if (value != null && value.number > 0) {
      out.put("shared", value.number);
    }
    SharedRead.Member member = memberAt.get(e);
    SharedRead read = member == null ? null : member.owner();
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
