package io.narthex.query.plan;

import io.narthex.model.Matcher;
import io.narthex.promql.Expr;
import io.narthex.promql.Expr.MatrixSelector;
import io.narthex.promql.Expr.VectorSelector;
import io.narthex.promql.Printer;
import io.narthex.service.query.QueryInspector.PlanNode;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Records what the parts of a running query cost. Not thread-safe. */
public final class Recorder {
  /** The cost of one expression over all its evaluations. */
  private static final class Cost {
    int evaluations;
    long series;
    long samples;
    long read;
    long nanos;
  }

  /** About the bytes of a part of the plan without its expression. */
  private static final int PART_BYTES = 300;

  /** Counts the series of a selector. */
  public interface Estimate {
    long series(List<Matcher> matchers);
  }

  /** Called before the plan grows. */
  public interface Room {
    /** Throws when there is no memory for so many bytes in all. */
    void require(long bytes);
  }

  private final Map<Expr, Cost> costs = new IdentityHashMap<>();
  private final Map<Expr, Long> estimates = new IdentityHashMap<>();
  private @Nullable Plan plan;
  private long held;

  /** Sets the plan of the query, for its decisions. */
  public void use(Plan p) {
    plan = p;
  }

  /** Records one evaluation. */
  public void add(Expr e, long series, long samples, long read, long nanos) {
    Cost c = costs.computeIfAbsent(e, k -> new Cost());
    c.evaluations++;
    c.series = Math.max(c.series, series);
    c.samples += samples;
    c.read += read;
    c.nanos += nanos;
  }

  /** Records how many series the selectors of a query have. */
  public void estimate(Expr query, Estimate estimate) {
    VectorSelector selector = selector(query);
    if (selector != null) {
      estimates.put(query, estimate.series(selector.matchers()));
    }
    for (Expr child : SyntaxTree.children(query)) {
      estimate(child, estimate);
    }
  }

  /**
   * Returns the plan with what was recorded. Each part has its expression as a string, so that all
   * of them together can be far longer than the query.
   *
   * @param held bytes that are in use already
   */
  public PlanNode plan(Expr query, long held, Room room) {
    this.held = held;
    return part(query, room);
  }

  private PlanNode part(Expr e, Room room) {
    Cost c = costs.getOrDefault(e, new Cost());
    List<PlanNode> children = new ArrayList<>();
    for (Expr child : SyntaxTree.children(e)) {
      children.add(part(child, room));
    }
    held += PART_BYTES + 2L * (e.position().end() - e.position().start());
    room.require(held);
    return new PlanNode(
        SyntaxTree.kind(e),
        Printer.print(e),
        e.position().start(),
        e.position().end(),
        c.evaluations,
        c.series,
        c.samples,
        c.read,
        c.nanos,
        estimates.get(e),
        children,
        Objects.requireNonNull(plan, "plan").explained(e));
  }

  private static @Nullable VectorSelector selector(Expr e) {
    return e instanceof VectorSelector v ? v : e instanceof MatrixSelector m ? m.selector() : null;
  }
}
