package io.narthex.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.http.MetricSearch.Found;
import io.narthex.http.MetricSearch.LabelName;
import io.narthex.http.MetricSearch.LabelValue;
import io.narthex.http.MetricSearch.Metric;
import io.narthex.model.Labels;
import io.narthex.model.Matcher;
import io.narthex.model.MetricMetadata;
import io.narthex.model.MetricType;
import io.narthex.service.storage.StorageGate;
import io.narthex.spi.storage.MetadataStorage;
import io.narthex.spi.storage.StorageStats;
import io.narthex.spi.storage.StorageStats.Count;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.Test;

/** The search over names, values and help texts. */
class SearchTest extends AccessHarness {
  private final List<Labels> series = new ArrayList<>();
  private final List<Count> countsOfMetrics = new ArrayList<>();
  private final List<MetricMetadata> kept = new ArrayList<>();

  private void series(String... pairs) {
    series.add(Labels.of(pairs));
  }

  @SuppressWarnings("unchecked")
  private Object answer(String method, Object[] a) {
    return switch (method) {
      case "labelNames" ->
          series.stream()
              .flatMap(l -> l.toMap().keySet().stream())
              .distinct()
              .sorted()
              .limit((int) a[3])
              .toList();
      case "labelValues" ->
          series.stream()
              .map(l -> l.get((String) a[0]))
              .filter(v -> !v.isEmpty())
              .distinct()
              .sorted()
              .limit((int) a[4])
              .toList();
      case "series" -> {
        List<List<Matcher>> sets = (List<List<Matcher>>) a[0];
        yield series.stream()
            .filter(l -> sets.stream().anyMatch(s -> s.stream().allMatch(m -> m.matches(l))))
            .limit((int) a[3])
            .toList();
      }
      case "stats" ->
          new StorageStats(
              0,
              0,
              0,
              0,
              0,
              0,
              List.of(),
              0,
              countsOfMetrics,
              List.of(),
              List.of(),
              List.of(),
              Map.of());
      case "capability" ->
          fake(MetadataStorage.class, (name, ignored) -> name.equals("metadata") ? kept : null);
      default -> throw new UnsupportedOperationException(method);
    };
  }

  private StorageGate gate() {
    return fake(StorageGate.class, this::answer);
  }

  private Found search(String q, int limit) {
    return search(q, limit, System::nanoTime);
  }

  private Found search(String q, int limit, LongSupplier clock) {
    Map<String, MetricMetadata> metadata = new java.util.HashMap<>();
    kept.forEach(m -> metadata.put(m.name(), m));
    return new MetricSearch(gate(), new SearchWords(q), 0, 9, limit, 60_000_000_000L, clock)
        .run(metadata, gate().stats(MetricSearch.TOP));
  }

  private List<String> names(String q) {
    return search(q, 50).metrics().stream().map(Metric::name).toList();
  }

  private void metrics(String... names) {
    Arrays.stream(names).forEach(name -> series("__name__", name));
  }

  private void help(String name, MetricType type, String help) {
    kept.add(new MetricMetadata(name, type, help, ""));
  }

  @Test
  void aMetricIsRankedByWhereTheWordStands() {
    metrics("cpu", "cpu_seconds_total", "node_cpu_seconds", "vcpus", "load1", "memory");
    help("load1", MetricType.GAUGE, "Load of the CPU.");
    assertThat(names("CPU"))
        .containsExactly("cpu", "cpu_seconds_total", "node_cpu_seconds", "vcpus", "load1");
  }

  @Test
  void everyWordMustOccurInAnyOrder() {
    metrics("http_requests_total", "http_errors_total", "grpc_requests_total", "queueDepthMax");
    help("grpc_requests_total", MetricType.COUNTER, "Calls, not those over HTTP.");
    assertThat(names("req http")).containsExactly("http_requests_total", "grpc_requests_total");
    assertThat(names("http missing")).isEmpty();
    assertThat(names("depth queue")).containsExactly("queueDepthMax");
    assertThat(names("queue_depth")).containsExactly("queueDepthMax");
    assertThat(names("totalRequests"))
        .containsExactly("grpc_requests_total", "http_requests_total");
    assertThat(names("")).hasSize(4);
  }

  @Test
  void aSeriesOfAHistogramHasTheHelpOfItsFamily() {
    metrics("wait_seconds_bucket", "other");
    help("wait_seconds", MetricType.HISTOGRAM, "How long callers stood in line.");
    assertThat(search("stood line", 50).metrics())
        .containsExactly(new Metric("wait_seconds_bucket", kept.getFirst(), 1L));
  }

  @Test
  void labelsAndValuesAreFoundWithTheirNumbers() {
    series("__name__", "up", "instance", "db1:9100", "job", "node");
    series("__name__", "up", "instance", "db2:9100", "job", "node");
    series("__name__", "up", "instance", "web", "job", "nodejs");
    countsOfMetrics.add(new Count("up", 7_000));
    assertThat(search("up", 50).metrics()).containsExactly(new Metric("up", null, 7_000L));
    assertThat(search("inst", 50).labels()).containsExactly(new LabelName("instance", 3L));
    assertThat(search("node", 50).values())
        .containsExactly(new LabelValue("job", "node", 2L), new LabelValue("job", "nodejs", 1L));
    assertThat(search("instance db", 50).values())
        .containsExactly(
            new LabelValue("instance", "db1:9100", 1L), new LabelValue("instance", "db2:9100", 1L));
    assertThat(search("up", 50).values()).as("metric names are no values").isEmpty();
    assertThat(search("job", 50).values()).as("its label alone is no reason").isEmpty();
  }

  @Test
  void theBestAreKeptWhenThereAreMore() {
    for (int i = 0; i < 500; i++) {
      metrics("a_load_" + i);
    }
    metrics("load");
    Found found = search("load", 3);
    assertThat(found.metrics())
        .extracting(Metric::name)
        .containsExactly("load", "a_load_0", "a_load_1");
    assertThat(found.truncated()).isTrue();
    assertThat(search("load", 501).truncated()).isFalse();
  }

  @Test
  void whenTimeIsOverItStopsAndSaysSo() {
    for (int i = 0; i < 2_000; i++) {
      series("__name__", "m" + i, "id", "v" + i);
    }
    long[] now = {0};
    Found found = search("9", 1_000, () -> now[0] += 100_000_000_000L);
    assertThat(found.truncated()).isTrue();
    assertThat(found.metrics()).as("names are always looked at").hasSize(542);
    assertThat(found.metrics()).allMatch(m -> m.series() == null);
    assertThat(found.values()).isEmpty();
  }

  @Test
  void itIsAnsweredOverHttp() throws Exception {
    storage = this::answer;
    series("__name__", "up", "job", "node");
    help("up", MetricType.GAUGE, "Whether \"it\" runs.");
    start();
    HttpResponse<String> found = search("q=up");
    assertThat(found.statusCode()).as(found.body()).isEqualTo(200);
    assertThat(found.body())
        .isEqualTo(
            "{\"status\":\"success\",\"data\":{\"metrics\":[{\"name\":\"up\",\"type\":\"gauge\","
                + "\"unit\":\"\",\"help\":\"Whether \\\"it\\\" runs.\",\"series\":1}],"
                + "\"labels\":[],\"values\":[],\"truncated\":false}}");
    assertThat(search("q=node").body())
        .contains("\"values\":[{\"label\":\"job\",\"value\":\"node\",\"series\":1}]");
    assertThat(search("q=up&limit=0").body()).contains("limit: must be 1 to 1000, got 0");
    assertThat(search("q=up&limit=1001").statusCode()).isEqualTo(400);
    assertThat(search("q=" + "a".repeat(257)).body()).contains("has 257 characters");
    assertThat(search("q=a+b+c+d+e+f+g+h+i").body()).contains("more than 8 words");
    assertThat(search("q=up&start=9&end=1").statusCode()).isEqualTo(400);
  }

  private HttpResponse<String> search(String query) throws Exception {
    return send(to("/narthex/api/v1/search?" + query));
  }
}
