package io.narthex.rules;

import io.narthex.model.Labels;
import io.narthex.service.query.QueryEngine;
import io.narthex.service.query.QueryException;
import io.narthex.service.query.QueryOrigin;
import io.narthex.service.query.QueryResult;
import io.narthex.service.storage.StorageGate;
import io.narthex.service.template.TemplateService;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The services and settings that rules use. External labels and URL follow the configuration.
 *
 * @param sender sends alerts
 * @param options of the queries of rules
 */
record RuleContext(
    QueryEngine engine,
    StorageGate storage,
    TemplateService templates,
    java.util.function.Supplier<Labels> externalLabels,
    java.util.function.Supplier<String> externalUrl,
    Sender sender,
    Duration resendDelay,
    Duration outageTolerance,
    Duration gracePeriod,
    @Nullable RuleMetrics metrics,
    QueryEngine.Options options) {
  RuleContext(
      QueryEngine engine,
      StorageGate storage,
      TemplateService templates,
      java.util.function.Supplier<Labels> externalLabels,
      java.util.function.Supplier<String> externalUrl,
      Sender sender,
      Duration resendDelay,
      Duration outageTolerance,
      Duration gracePeriod,
      @Nullable RuleMetrics metrics) {
    this(
        engine,
        storage,
        templates,
        externalLabels,
        externalUrl,
        sender,
        resendDelay,
        outageTolerance,
        gracePeriod,
        metrics,
        QueryEngine.Options.DEFAULT);
  }

  /** Returns a copy for one group, whose queries are marked in the query log. */
  RuleContext of(String file, String group) {
    return new RuleContext(
        engine,
        storage,
        templates,
        externalLabels,
        externalUrl,
        sender,
        resendDelay,
        outageTolerance,
        gracePeriod,
        metrics,
        options.from(new QueryOrigin.RuleGroup(file, group)));
  }

  /** Sends alerts. */
  @FunctionalInterface
  interface Sender {
    void send(List<io.narthex.model.Alert> alerts);
  }

  /** A sample that a rule produces. */
  record Output(
      Labels labels,
      long timeMs,
      double value,
      io.narthex.model.@Nullable NativeHistogram histogram) {}

  /**
   * Runs an expression whose result must be a vector or a scalar.
   *
   * @throws QueryException when it fails
   */
  List<QueryResult.VectorSample> query(String expression, long timeMs) {
    QueryResult result = engine.instant(expression, timeMs, options);
    return switch (result.data()) {
      case QueryResult.Data.Vector v -> v.samples();
      case QueryResult.Data.Scalar s ->
          List.of(new QueryResult.VectorSample(Labels.EMPTY, s.timeMs(), s.value(), null));
      case QueryResult.Data.Text t -> throw notAVector();
      case QueryResult.Data.Matrix m -> throw notAVector();
    };
  }

  private static QueryException notAVector() {
    return new QueryException(
        QueryException.Kind.EXECUTION, "rule result is not a vector or scalar");
  }
}
