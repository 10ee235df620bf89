package io.narthex.service.query;

import io.narthex.model.Matcher;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/** What a query engine can tell about a query. An engine that can implements this too. */
@ProviderType
public interface QueryInspector {
  /**
   * Returns the syntax tree as {@code /api/v1/parse_query} shows it: maps, lists, texts, numbers,
   * booleans and null.
   *
   * @throws QueryException when it cannot be parsed
   */
  Map<String, @Nullable Object> syntaxTree(String expression);

  /**
   * Runs a query and tells what each part of it has cost.
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
   * Returns what the language offers: by category ({@code promql}, {@code promql_functions}, {@code
   * promql_operators}) the features by name, and whether they are switched on.
   */
  Map<String, Map<String, Boolean>> features();

  /**
   * A part of a query with its cost, that of its parts included.
   *
   * @param kind as the type in the syntax tree, for example {@code vectorSelector}
   * @param expression the text in canonical form
   * @param start first byte in the query
   * @param end byte after the last in the query
   * @param evaluations how often it was evaluated; 0 when its parent has read the storage itself
   * @param series series that came out
   * @param samples samples that came out
   * @param samplesRead samples read from the storage
   * @param timeNanos time taken
   * @param estimatedSeries of a selector: series the index names for it, at most {@link
   *     #ESTIMATE_LIMIT}; else null
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
      List<PlanNode> children) {
    /** How far series are counted for an estimate. */
    public static final int ESTIMATE_LIMIT = 100_000;

    /** Copies the list. */
    public PlanNode {
      children = List.copyOf(children);
    }
  }
}
