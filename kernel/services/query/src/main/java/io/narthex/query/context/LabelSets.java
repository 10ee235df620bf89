package io.narthex.query.context;

import io.narthex.model.Labels;
import io.narthex.query.series.StepSeries;
import io.narthex.service.query.QueryException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Drops metric names and keeps the label sets of a vector unique. */
public final class LabelSets {
  private LabelSets() {}

  /** Returns an empty series whose metric name is dropped, now or at the end of the query. */
  public static StepSeries renamed(QueryContext context, StepSeries s) {
    return context.options.delayedNameRemoval()
        ? context.series(s.labels, true, s.steps())
        : context.series(withoutName(s.labels), false, s.steps());
  }

  /** Returns labels without the name of the metric, its type and its unit. */
  public static Labels withoutName(Labels labels) {
    return labels.without(Labels.METRIC_NAME).without("__type__").without("__unit__");
  }

  /**
   * Merges series with equal labels into one.
   *
   * @throws QueryException when two of them have a value at one step
   */
  public static List<StepSeries> merge(QueryContext context, List<StepSeries> in) {
    if (in.size() < 2) {
      return in;
    }
    Map<Labels, Integer> at = HashMap.newHashMap(in.size());
    List<StepSeries> out = null;
    for (int i = 0; i < in.size(); i++) {
      StepSeries s = in.get(i);
      Integer known = at.putIfAbsent(s.labels, out == null ? i : out.size());
      if (known == null) {
        if (out != null) {
          out.add(s);
        }
        continue;
      }
      if (out == null) {
        out = new ArrayList<>(in.subList(0, i));
      }
      out.set(known, join(context, out.get(known), s));
    }
    return out == null ? in : out;
  }

  private static StepSeries join(QueryContext context, StepSeries a, StepSeries b) {
    StepSeries r = context.series(a.labels, a.dropName && b.dropName, a.steps());
    for (int i = 0; i < a.steps(); i++) {
      if (a.kinds[i] != StepSeries.NONE && b.kinds[i] != StepSeries.NONE) {
        throw duplicate();
      }
      r.copy(i, a.kinds[i] != StepSeries.NONE ? a : b, i);
    }
    return r;
  }

  /** Returns the error for a vector with two series of the same labels. */
  public static QueryException duplicate() {
    return QueryContext.failed("vector cannot contain metrics with the same labelset");
  }

  /**
   * Does nothing when all label sets differ.
   *
   * @throws QueryException when two are equal
   */
  public static void refuseDuplicates(List<StepSeries> series) {
    Set<Labels> seen = HashSet.newHashSet(series.size());
    for (StepSeries s : series) {
      if (!seen.add(s.labels)) {
        throw duplicate();
      }
    }
  }

  /** Drops the metric names whose removal was deferred. */
  public static List<StepSeries> finish(QueryContext context, List<StepSeries> in) {
    boolean any = false;
    for (StepSeries s : in) {
      any |= s.dropName;
    }
    if (!any) {
      return in;
    }
    List<StepSeries> out = new ArrayList<>(in.size());
    for (StepSeries s : in) {
      out.add(s.dropName ? s.with(withoutName(s.labels), false) : s);
    }
    return merge(context, out);
  }
}
