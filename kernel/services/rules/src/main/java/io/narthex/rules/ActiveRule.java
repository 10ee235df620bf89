package io.narthex.rules;

import io.narthex.model.Annotations;
import io.narthex.model.Labels;
import io.narthex.rules.GroupSpec.RuleSpec;
import io.narthex.rules.RuleContext.Output;
import io.narthex.service.query.QueryResult.VectorSample;
import io.narthex.service.rules.RuleService;
import io.narthex.service.rules.RuleService.Health;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A rule that is evaluated. Evaluation is confined to the group's thread; {@link #view} may come
 * from any.
 */
abstract sealed class ActiveRule permits ActiveRule.Recording, AlertRule {
  final RuleSpec spec;

  /** Series of the last evaluation, with their references in the storage. Group's thread only. */
  Map<Labels, Long> series = new HashMap<>();

  volatile Health health = Health.UNKNOWN;
  volatile String lastError = "";
  volatile double evaluationSeconds;
  volatile long lastEvaluationMs;

  ActiveRule(RuleSpec spec) {
    this.spec = spec;
  }

  /**
   * Evaluates.
   *
   * @param timeMs of the slot
   * @param offset query offset: how far before the slot the query evaluates
   * @throws RuntimeException when it fails; the message is shown
   */
  abstract List<Output> evaluate(RuleContext context, long timeMs, Duration offset, int limit);

  abstract RuleService.Rule view();

  /** A rule that records series. */
  static final class Recording extends ActiveRule {
    Recording(RuleSpec spec) {
      super(spec);
    }

    @Override
    List<Output> evaluate(RuleContext context, long timeMs, Duration offset, int limit) {
      long at = timeMs - offset.toMillis();
      List<VectorSample> vector = context.query(spec.expression(), at);
      List<Output> out = new ArrayList<>(vector.size());
      Set<Labels> seen = new HashSet<>();
      for (VectorSample s : vector) {
        Labels.Builder labels = s.labels().toBuilder().set(Labels.METRIC_NAME, spec.name());
        spec.labels().forEach(labels::set);
        Labels built = labels.build();
        if (!seen.add(built)) {
          throw new IllegalStateException(
              "vector contains metrics with the same labelset after applying rule labels");
        }
        out.add(new Output(built, at, s.value(), s.histogram()));
      }
      if (limit > 0 && out.size() > limit) {
        throw new IllegalStateException(
            "exceeded limit of " + limit + " with " + out.size() + " series");
      }
      return out;
    }

    @Override
    RuleService.Rule view() {
      return new RuleService.RecordingRule(
          spec.name(),
          spec.canonical(),
          Labels.of(spec.labels()),
          health,
          lastError,
          evaluationSeconds,
          lastEvaluationMs,
          Annotations.empty(spec.labels()));
    }
  }
}
