package io.narthex.service.query;

import io.narthex.model.Matcher;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/** Inspects queries; an optional interface of a query engine. Thread-safe. */
@ProviderType
public interface QueryInspector {
  /**
   * Returns the syntax tree as in {@code /api/v1/parse_query}: maps, lists, strings, numbers,
   * booleans and null.
   *
   * @throws QueryException when it cannot be parsed
   */
  Map<String, @Nullable Object> syntaxTree(String expression);

  /**
   * Runs a query and returns the cost of each part of it.
   *
   * @param stepMs 0: at {@code startMs} only
   * @throws QueryException when the query is wrong or fails
   */
  PlanNode explain(
      String expression, long startMs, long endMs, long stepMs, QueryEngine.Options options);

  /**
   * Returns the matchers of each selector of an expression, from left to right.
   *
   * @throws QueryException when it cannot be parsed
   */
  List<List<Matcher>> selectors(String expression);

  /**
   * Returns the features of the language: by category ({@code promql}, {@code promql_functions},
   * {@code promql_operators}) the features by name, and whether they are enabled.
   */
  Map<String, Map<String, Boolean>> features();

  /**
   * A part of a query with its cost, including that of its own parts. Immutable.
   *
   * @param kind as the type in the syntax tree, for example {@code vectorSelector}
   * @param expression its canonical form
   * @param start first byte in the query
   * @param end byte after the last in the query
   * @param evaluations number of evaluations; 0 when its parent has read the storage itself
   * @param series series of the result
   * @param samples samples of the result
   * @param samplesRead samples read from the storage
   * @param timeNanos time taken in nanoseconds
   * @param estimatedSeries of a selector: its series according to the index, at most {@link
   *     #ESTIMATE_LIMIT}; else null
   * @param plan decisions of the planner by name: strings, numbers, booleans and lists of strings
   */
  record PlanNode(
      String kind,
      String expression,
      int start,
      int end,
      int evaluations,
      long series,
      long samples,
      long samplesRead,
      long timeNanos,
      @Nullable Long estimatedSeries,
      List<PlanNode> children,
      Map<String, Object> plan) {
    /** Up to this number series are counted for an estimate. */
    public static final int ESTIMATE_LIMIT = 100_000;

    /** Copies the list and the map. */
    public PlanNode {
      children = List.copyOf(children);
      plan = Map.copyOf(plan);
    }

    /** Creates a node without decisions. */
    public PlanNode(
        String kind,
        String expression,
        int start,
        int end,
        int evaluations,
        long series,
        long samples,
        long samplesRead,
        long timeNanos,
        @Nullable Long estimatedSeries,
        List<PlanNode> children) {
      this(
          kind,
          expression,
          start,
          end,
          evaluations,
          series,
          samples,
          samplesRead,
          timeNanos,
          estimatedSeries,
          children,
          Map.of());
    }
  }
}
