package io.narthex.scrape;

import io.narthex.model.Exemplar;
import io.narthex.model.Labels;
import io.narthex.model.Matcher;
import io.narthex.model.NativeHistogram;
import io.narthex.model.StaleMarker;
import io.narthex.model.go.GoString;
import io.narthex.model.go.GoUrl;
import io.narthex.service.exporter.ExporterService;
import io.narthex.service.metrics.Metrics;
import io.narthex.service.server.ServerInfo;
import io.narthex.service.storage.StorageGate;
import io.narthex.spi.exporter.MetricSink;
import io.narthex.spi.plugin.HttpTransport;
import io.narthex.spi.storage.AppendResult;
import io.narthex.spi.storage.SampleBatch;
import io.narthex.spi.storage.SelectRequest;
import io.narthex.spi.storage.SeriesCursor;
import io.narthex.spi.storage.SeriesExemplars;
import io.narthex.spi.storage.Storage;
import io.narthex.spi.storage.StorageStats;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Proxy;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.jspecify.annotations.NullUnmarked;

/** Stand-ins of what scraping talks to. */
@NullUnmarked
final class Fakes {
  private Fakes() {}

  /** Keeps every sample as text. */
  static final class Store implements StorageGate {
    final Map<Labels, Long> refs = new HashMap<>();
    final Map<Long, Labels> byRef = new HashMap<>();
    final Map<Labels, List<String>> samples = new LinkedHashMap<>();
    final Map<Labels, Long> times = new HashMap<>();
    final Map<Labels, List<Exemplar>> exemplars = new HashMap<>();
    final List<Long> upTimes = new ArrayList<>();
    final Map<Labels, Long> startTimes = new HashMap<>();
    final Map<String, Long> zeros = new HashMap<>(); // by name
    final List<String> metadata = new ArrayList<>(); // name and help
    final Map<String, Byte> refused = new ConcurrentHashMap<>(); // names of which refusedMs is
    volatile long refusedMs;
    long epoch;
    int resolved;
    int appended;
    private long next = 1;
    volatile boolean open = true;

    /** Thrown by the next append, once. */
    volatile Error nextFault;

    @Override
    public synchronized long resolve(Labels labels) {
      resolved++;
      return refs.computeIfAbsent(
          labels,
          l -> {
            byRef.put(next, l);
            return next++;
          });
    }

    @Override
    public synchronized AppendResult append(SampleBatch batch) {
      Error fault = nextFault;
      if (fault != null) {
        nextFault = null;
        throw fault;
      }
      for (int i = 0; i < batch.metadataCount(); i++) {
        metadata.add(batch.metadata(i).name() + " " + batch.metadata(i).help());
      }
      byte[] codes = new byte[batch.size()];
      boolean bad = false;
      for (int i = 0; i < batch.size(); i++) {
        Labels labels = byRef.get(batch.ref(i));
        if (labels == null) {
          codes[i] = AppendResult.UNKNOWN_SERIES;
          bad = true;
          continue;
        }
        Byte refusal = refused.get(labels.metricName());
        if (refusal != null && batch.timeMs(i) == refusedMs) {
          codes[i] = refusal;
          bad = true;
          continue;
        }
        NativeHistogram h = batch.histogram(i);
        String text =
            h != null
                ? "hist " + h.count()
                : StaleMarker.is(batch.value(i)) ? "stale" : Double.toString(batch.value(i));
        samples.computeIfAbsent(labels, _ -> new ArrayList<>()).add(text);
        times.put(labels, batch.timeMs(i));
        if (batch.startTimeMs(i) != SampleBatch.NO_START_TIME) {
          startTimes.put(labels, batch.startTimeMs(i));
        }
        if (batch.zeroMs(i) != SampleBatch.NO_START_TIME) {
          zeros.put(labels.metricName(), batch.zeroMs(i));
        }
        if (labels.metricName().equals("up")) {
          upTimes.add(batch.timeMs(i));
        }
      }
      for (int i = 0; i < batch.exemplarCount(); i++) {
        exemplars
            .computeIfAbsent(byRef.get(batch.ref(batch.exemplarRow(i))), _ -> new ArrayList<>())
            .add(batch.exemplar(i));
      }
      appended++;
      notifyAll();
      return bad ? AppendResult.of(codes, 0) : AppendResult.ALL_OK;
    }

    @Override
    public long epoch() {
      return epoch;
    }

    /** Behaves as a storage that was replaced. */
    synchronized void forgetAll() {
      refs.clear();
      byRef.clear();
    }

    synchronized List<String> of(String... labels) {
      return List.copyOf(samples.getOrDefault(Labels.of(labels), List.of()));
    }

    synchronized void awaitAppends(int n) throws InterruptedException {
      long deadline = System.nanoTime() + 10_000_000_000L;
      while (appended < n) {
        long left = (deadline - System.nanoTime()) / 1_000_000;
        if (left <= 0) {
          throw new AssertionError("only " + appended + " of " + n + " appends");
        }
        wait(left);
      }
    }

    @Override
    public SeriesCursor select(SelectRequest request) {
      throw new UnsupportedOperationException();
    }

    @Override
    public List<Labels> series(List<List<Matcher>> m, long min, long max, int limit) {
      return List.of();
    }

    @Override
    public List<String> labelNames(List<List<Matcher>> m, long min, long max, int limit) {
      return List.of();
    }

    @Override
    public List<String> labelValues(
        String name, List<List<Matcher>> m, long min, long max, int limit) {
      return List.of();
    }

    @Override
    public List<SeriesExemplars> exemplars(List<List<Matcher>> m, long min, long max) {
      return List.of();
    }

    @Override
    public StorageStats stats(int topN) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void close() {}

    @Override
    public boolean ready() {
      return open;
    }

    @Override
    public boolean tryHold() {
      return open;
    }

    @Override
    public void release() {}

    @Override
    public String type() {
      return "fake";
    }

    @Override
    public <T extends Storage> T capability(Class<T> type) {
      return null;
    }

    @Override
    public double replayProgress() {
      return 1;
    }
  }

  /** Counts under "name{labels}". */
  static final class Counts {
    final Map<String, Double> values = new ConcurrentHashMap<>();

    Metrics metrics() {
      return new Metrics() {
        @Override
        public Counter counter(String name, String help, String... labelNames) {
          return metric(Counter.class, name);
        }

        @Override
        public Gauge gauge(String name, String help, String... labelNames) {
          return metric(Gauge.class, name);
        }

        @Override
        public Histogram histogram(
            String name, String help, double[] bounds, String... labelNames) {
          return metric(Histogram.class, name);
        }

        @Override
        public Summary summary(String name, String help, String... labelNames) {
          return metric(Summary.class, name);
        }

        @Override
        public void collect(MetricSink sink) {
          sink.family(
              new io.narthex.model.MetricMetadata(
                  "own_total", io.narthex.model.MetricType.COUNTER, "Own.", ""));
          sink.sample("own_total", Labels.EMPTY, 5);
        }
      };
    }

    /** Counts a name with its labels, and the sum over all labels. */
    private void count(String name, double by) {
      values.merge(name, by, Double::sum);
      if (name.endsWith("]")) {
        values.merge(name.replaceFirst("\\[.*", ""), by, Double::sum);
      }
    }

    private <T> T metric(Class<T> type, String name) {
      return type.cast(
          Proxy.newProxyInstance(
              type.getClassLoader(),
              new Class<?>[] {type},
              (proxy, method, args) -> {
                switch (method.getName()) {
                  case "with" -> {
                    String labels = String.join(",", (String[]) args[0]);
                    return metric(type, name.replaceFirst("\\[.*", "") + "[" + labels + "]");
                  }
                  case "inc" -> count(name, 1);
                  case "add" -> count(name, (Double) args[0]);
                  case "set" -> {
                    values.put(name, (Double) args[0]);
                    values.put(name.replaceFirst("\\[.*", ""), (Double) args[0]);
                  }
                  case "value" -> {
                    return values.getOrDefault(name, 0.0);
                  }
                  default -> {
                    return null;
                  }
                }
                return null;
              }));
    }
  }

  /** A response with status 200 unless the body says otherwise. */
  static HttpTransport http(Function<GoUrl, String> pages) {
    return http(pages, "text/plain");
  }

  static HttpTransport http(Function<GoUrl, String> pages, String type) {
    return (request, settings) -> {
      String scheme = request.url().scheme();
      if (!scheme.equals("http") && !scheme.equals("https")) {
        throw new IOException(
            "Get \"" + request.url() + "\": unsupported protocol scheme " + GoString.quote(scheme));
      }
      String page = pages.apply(request.url());
      if (page == null) {
        throw new IOException("Get \"" + request.url() + "\": connection refused");
      }
      return new HttpTransport.Response() {
        @Override
        public int status() {
          return page.equals("500") ? 500 : 200;
        }

        @Override
        public String header(String name) {
          return page.contains("# EOF") ? "application/openmetrics-text" : type;
        }

        @Override
        public InputStream body() {
          return new ByteArrayInputStream(page.getBytes(StandardCharsets.UTF_8));
        }

        @Override
        public void close() {}
      };
    };
  }

  static ExporterService exporters() {
    return new ExporterService() {
      @Override
      public List<String> types() {
        return List.of("node");
      }

      @Override
      public boolean has(String type) {
        return type.equals("node");
      }

      @Override
      public void collect(String type, MetricSink sink, Map<String, List<String>> parameters)
          throws IOException, InterruptedException {
        if (!type.equals("node")) {
          throw new IOException("no exporter \"" + type + "\"");
        }
        if (parameters.containsKey("hang")) {
          Thread.sleep(60_000);
        }
        sink.family(
            new io.narthex.model.MetricMetadata(
                "node_load1", io.narthex.model.MetricType.GAUGE, "Load.", ""));
        sink.sample("node_load1", Labels.EMPTY, 0.5);
        sink.family(
            new io.narthex.model.MetricMetadata(
                "node_wait", io.narthex.model.MetricType.HISTOGRAM, "Waits.", ""));
        sink.histogram(
            "node_wait",
            Labels.of("disk", "a"),
            NativeHistogram.builder()
                .schema(3)
                .count(7)
                .sum(1.5)
                .positive(new int[] {-2, 2}, new double[] {3, 4})
                .build());
        sink.family(
            new io.narthex.model.MetricMetadata(
                "node_hits_total", io.narthex.model.MetricType.COUNTER, "Hits.", ""));
        sink.sample(
            "node_hits_total",
            Labels.EMPTY,
            9,
            0,
            new Exemplar(Labels.of("trace_id", "abc"), 1, 1000, true));
      }
    };
  }

  static ServerInfo server() {
    return server(Map.of());
  }

  static ServerInfo server(Map<String, String> flags) {
    return (ServerInfo)
        Proxy.newProxyInstance(
            Fakes.class.getClassLoader(),
            new Class<?>[] {ServerInfo.class},
            (proxy, method, args) ->
                switch (method.getName()) {
                  case "externalUrl" -> GoUrl.parse("http://here.test:9090");
                  case "compatibleVersion" -> "3.14.0";
                  case "listenAddresses" -> List.of(InetSocketAddress.createUnresolved("h", 9090));
                  case "routePrefix" -> "";
                  case "flag" -> flags.getOrDefault((String) args[0], "");
                  case "feature" ->
                      List.of(flags.getOrDefault("enable-feature", "").split(","))
                          .contains((String) args[0]);
                  default -> null;
                });
  }
}
