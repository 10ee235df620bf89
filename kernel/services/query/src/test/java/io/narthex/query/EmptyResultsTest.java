package io.narthex.query;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.model.Labels;
import io.narthex.model.MetricMetadata;
import io.narthex.model.MetricType;
import io.narthex.model.StaleMarker;
import io.narthex.query.context.EngineOptions;
import io.narthex.service.query.EmptyResultExplainer.Condition;
import io.narthex.service.query.EmptyResultExplainer.Explanation;
import io.narthex.service.query.EmptyResultExplainer.Note;
import io.narthex.service.query.EmptyResultExplainer.Problem;
import io.narthex.service.query.EmptyResultExplainer.Selector;
import io.narthex.service.query.QueryEngine;
import io.narthex.service.query.QueryException;
import io.narthex.service.query.QueryResult.Data;
import io.narthex.spi.storage.SampleBatch;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Each query here returns nothing, and the reason is found. */
class EmptyResultsTest {
  private static final long NOW = 1_000_000_000;
  private static final long MINUTE = 60_000;

  private final TestStorage storage = new TestStorage();
  private final PromqlEngine engine = new PromqlEngine(storage, () -> EngineOptions.DEFAULT);
  private final Map<String, MetricMetadata> metadata = new HashMap<>();

  private void series(long last, long interval, double value, String... labels) {
    SampleBatch batch = new SampleBatch(20);
    long ref = storage.resolve(Labels.of(labels));
    for (int i = 9; i >= 0; i--) {
      batch.add(ref, last - i * interval, value);
    }
    storage.append(batch);
  }

  private void type(String name, MetricType type, String unit) {
    metadata.put(name, new MetricMetadata(name, type, "", unit));
  }

  @BeforeEach
  void store() {
    series(NOW, MINUTE, 1, "__name__", "up", "job", "node", "instance", "a:1");
    series(NOW, MINUTE, 0, "__name__", "up", "job", "narthex", "instance", "b:1");
    series(NOW, MINUTE, 0.5, "__name__", "wait_seconds", "path", "/", "job", "node");
    series(NOW, MINUTE, 2, "__name__", "wait_seconds", "path", "/x", "job", "node");
    series(NOW, MINUTE, 7, "__name__", "limit", "route", "/", "job", "node");
    series(NOW - 90 * MINUTE, MINUTE, 1, "__name__", "old", "job", "node");
  }

  private Explanation explain(String query) {
    Data data = engine.instant(query, NOW, QueryEngine.Options.DEFAULT).data();
    assertThat(data).as("the result is empty").isEqualTo(new Data.Vector(List.of()));
    return why(query);
  }

  private Explanation why(String query) {
    return engine.whyEmpty(query, NOW, NOW, this::metadata);
  }

  private @Nullable MetricMetadata metadata(String name) {
    return metadata.get(name);
  }

  private String note(String query, String kind) {
    return explain(query).notes().stream()
        .filter(n -> n.kind().equals(kind))
        .map(Note::text)
        .findFirst()
        .orElse("");
  }

  @Test
  void aNameThatNoMetricHas() {
    Selector s = explain("rate(wait_secnds{job=\"node\"}[5m])").selectors().getFirst();
    assertThat(s.problem()).isEqualTo(Problem.NO_METRIC);
    assertThat(s.nearest()).containsExactly("wait_seconds");
    assertThat(s.text())
        .isEqualTo("No metric has the name \"wait_secnds\"; nearest names: \"wait_seconds\".");
    assertThat(s.series()).isZero();
  }

  @Test
  void theMatcherThatNoSeriesMeets() {
    Selector s = explain("up{job=\"nod\",instance=\"a:1\"}").selectors().getFirst();
    assertThat(s.problem()).isEqualTo(Problem.NO_MATCH);
    assertThat(s.matchers())
        .contains(new Condition("job=\"nod\"", 0, 1, List.of("node")))
        .contains(new Condition("instance=\"a:1\"", 1, 0, List.of()));
    assertThat(s.text())
        .isEqualTo("No series has job=\"nod\" (1 series without it); nearest values: \"node\".");
  }

  @Test
  void matchersThatNoSeriesMeetsTogether() {
    Selector s = explain("up{job=\"node\",instance=\"b:1\"}").selectors().getFirst();
    assertThat(s.problem()).isEqualTo(Problem.NO_MATCH);
    assertThat(s.matchers())
        .contains(new Condition("job=\"node\"", 1, 1, List.of("narthex")))
        .contains(new Condition("instance=\"b:1\"", 1, 1, List.of("a:1")));
  }

  @Test
  void aLabelThatNoSeriesHas() {
    assertThat(explain("up{jobs=\"node\"}").selectors().getFirst().text())
        .isEqualTo(
            "No series has jobs=\"node\", for none has the label \"jobs\"; nearest labels:"
                + " \"job\".");
  }

  @Test
  void seriesWhoseSamplesAreTooOld() {
    Selector s = explain("old").selectors().getFirst();
    assertThat(s.problem()).isEqualTo(Problem.NO_SAMPLES_IN_RANGE);
    assertThat(s.series()).isEqualTo(1);
    assertThat(s.seriesInRange()).isZero();
    assertThat(s.lastSeenMs()).isEqualTo(NOW - 90 * MINUTE);
    assertThat(explain("old offset 3h").selectors().getFirst().text())
        .contains("there are later ones");
    assertThat(why("old offset 90m").selectors().getFirst().problem()).isEqualTo(Problem.NONE);
    assertThat(why("max_over_time(old[2h])").selectors().getFirst().problem())
        .isEqualTo(Problem.NONE);
    assertThat(why("max_over_time(old[3h:1m])").selectors().getFirst().problem())
        .isEqualTo(Problem.NONE);
  }

  @Test
  void aSeriesThatHasEnded() {
    series(NOW - MINUTE, MINUTE, 3, "__name__", "ended");
    series(NOW, 0, StaleMarker.VALUE, "__name__", "ended");
    Selector s = explain("ended").selectors().getFirst();
    assertThat(s.problem()).isEqualTo(Problem.NO_SAMPLES_IN_RANGE);
    assertThat(s.lastSeenMs()).isEqualTo(NOW - MINUTE);
    assertThat(s.text()).contains("they ended");
  }

  @Test
  void aWindowWithOneSample() {
    assertThat(note("rate(up[1m])", "range_too_short"))
        .contains("up[1m]", "two samples", "every 1m", "at least 4m");
    assertThat(why("rate(up[5m])").notes()).isEmpty();
  }

  @Test
  void aFunctionForAnotherType() {
    type("up", MetricType.GAUGE, "");
    type("limit", MetricType.COUNTER, "");
    assertThat(note("rate(up[5m]) > 5", "type")).contains("up is a gauge", "deriv()");
    assertThat(note("delta(limit[5m]) > 5", "type")).contains("limit is a counter", "increase()");
    assertThat(why("delta(up[5m]) > 5").notes())
        .extracting(Note::kind)
        .containsExactly("comparison");
  }

  @Test
  void quantilesOfWhatHasNoBuckets() {
    series(NOW, MINUTE, 2, "__name__", "h_bucket", "le", "1");
    assertThat(note("histogram_quantile(0.9, wait_seconds)", "type"))
        .contains("\"le\"", "2 series", "_bucket");
    assertThat(note("histogram_quantile(0.9, sum by (job) (h_bucket))", "type"))
        .contains("the aggregation drops it");
  }

  @Test
  void aComparisonThatRemovesAll() {
    assertThat(note("wait_seconds > 3", "comparison"))
        .isEqualTo(
            "The comparison > 3 removes all 2 series of wait_seconds: the values are 0.5 to 2.");
    assertThat(note("wait_seconds > 3", "unit")).isEmpty();
    assertThat(note("1000 < wait_seconds", "unit")).contains("seconds", "1000", "milliseconds");
    assertThat(note("limit > 1000", "unit")).isEmpty();
    type("limit", MetricType.GAUGE, "ratio");
    assertThat(note("limit > 1000", "unit")).contains("ratio", "percent");
    assertThat(note("sum(wait_seconds) > bool 3 and up > 1", "comparison")).contains("> 1");
  }

  @Test
  void sidesThatHaveNothingInCommon() {
    assertThat(note("wait_seconds / limit", "vector_matching"))
        .contains(
            "path is only on the left; route is only on the right",
            "on(job) or ignoring(path, route)");
    assertThat(note("up and on(instance) wait_seconds", "vector_matching"))
        .contains("instance is only on the left");
    assertThat(note("up{job=\"node\"} * on(job) up{job=\"narthex\"}", "vector_matching"))
        .contains("job is \"node\" on the left and \"narthex\" on the right");
    assertThat(note("up unless up", "vector_matching")).contains("removes all 2 series");
    assertThat(note("up > up", "vector_matching")).isEmpty();
    assertThat(note("up > up", "comparison")).contains("removes all series");
  }

  @Test
  void theAbsenceOfWhatIsThere() {
    assertThat(note("absent(up)", "absent")).contains("up has 2 series");
    assertThat(note("absent_over_time(up[5m])", "absent")).contains("has some");
  }

  /** The parts of a subquery are evaluated at other times than the query. */
  @Test
  void partsOfASubqueryAreNotBlamed() {
    SampleBatch batch = new SampleBatch(20);
    long ref = storage.resolve(Labels.of("__name__", "changed"));
    for (int i = 9; i >= 0; i--) {
      batch.add(ref, NOW - i * MINUTE, i < 3 ? 1 : 7);
    }
    storage.append(batch);
    assertThat(explain("max_over_time((changed == 7)[10m:1m]) > 100").notes())
        .extracting(Note::text)
        .containsExactly(
            "The comparison > 100 removes all 1 series of max_over_time((changed == 7)[10m:1m]): all values are 7.");
  }

  @Test
  void overATimeRange() {
    Explanation e = engine.whyEmpty("old > 5", NOW - 10 * MINUTE, NOW, this::metadata);
    assertThat(e.selectors().getFirst().problem()).isEqualTo(Problem.NO_SAMPLES_IN_RANGE);
    e = engine.whyEmpty("wait_seconds > 5", NOW - 10 * MINUTE, NOW, this::metadata);
    assertThat(e.selectors().getFirst().problem()).isEqualTo(Problem.NONE);
    assertThat(e.notes()).extracting(Note::kind).containsExactly("comparison");
  }

  @Test
  void whatIsTooMuchIsLeftOut() {
    StringBuilder many = new StringBuilder("m0");
    for (int i = 1; i < 60; i++) {
      many.append(" + m").append(i);
    }
    Explanation e = explain(many.toString());
    assertThat(e.selectors()).hasSize(16);
    assertThat(e.truncated()).isTrue();
    assertThat(explain("up == 7").truncated()).isFalse();
    assertThatThrownBy(() -> why("up ==")).isInstanceOf(QueryException.class);
  }
}
