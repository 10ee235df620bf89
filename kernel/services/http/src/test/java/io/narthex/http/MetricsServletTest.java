package io.narthex.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.exposition.ExpositionFormat;
import io.narthex.exposition.ExpositionParser;
import io.narthex.exposition.ParserOptions;
import io.narthex.model.Exemplar;
import io.narthex.model.Labels;
import io.narthex.model.MetricMetadata;
import io.narthex.model.MetricType;
import io.narthex.model.NativeHistogram;
import io.narthex.service.exporter.ExporterService;
import io.narthex.service.memory.WorkMemory;
import io.narthex.service.metrics.Metrics;
import io.narthex.spi.exporter.MetricSink;
import io.narthex.spi.exporter.ParameterException;
import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.WriteListener;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** What exporters' metrics look like over HTTP, by what the client accepts. */
class MetricsServletTest {
  private static final String PROTOBUF =
      "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited";
  private static final NativeHistogram WAITS =
      NativeHistogram.builder()
          .schema(3)
          .zeroBucket(0.001, 2)
          .count(9)
          .sum(18.4)
          .positive(new int[] {-2, 2, 1, 1}, new double[] {1, 3, 1})
          .negative(new int[] {0, 1}, new double[] {2})
          .build();

  private static <T> T proxy(Class<T> type, InvocationHandler handler) {
    return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler));
  }

  private static void collect(MetricSink sink) {
    sink.family(new MetricMetadata("acme_wait", MetricType.HISTOGRAM, "Waits.", ""));
    sink.histogram("acme_wait", Labels.of("queue", "mail"), WAITS);
    sink.family(new MetricMetadata("acme_hits_total", MetricType.COUNTER, "Hits.", ""));
    sink.sample(
        "acme_hits_total", Labels.EMPTY, 4, 0, new Exemplar(Labels.of("id", "x"), 1, 1250, true));
  }

  /** One answer: the Content-Type, then the body. */
  private static Map.Entry<String, byte[]> get(String accept) throws IOException {
    return get(accept, MetricsServletTest::collect);
  }

  private static Map.Entry<String, byte[]> get(String accept, Consumer<MetricSink> exporter)
      throws IOException {
    ExporterService exporters =
        proxy(
            ExporterService.class,
            (_, method, args) -> {
              if (method.getName().equals("collect")) {
                exporter.accept((MetricSink) args[1]);
              }
              return null;
            });
    HttpServletRequest request =
        proxy(
            HttpServletRequest.class,
            (_, method, _) ->
                switch (method.getName()) {
                  case "getHeader" -> accept;
                  case "getServletPath" -> "/exporters";
                  case "getPathInfo" -> "/acme/metrics";
                  case "getParameterMap" -> Map.of();
                  default -> null;
                });
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    StringBuilder type = new StringBuilder();
    HttpServletResponse response =
        proxy(
            HttpServletResponse.class,
            (_, method, args) -> {
              switch (method.getName()) {
                case "setContentType" -> type.append(args[0]);
                case "setStatus" -> type.append(args[0]).append(' ');
                case "getOutputStream" -> {
                  return new Output(body);
                }
                default -> throw new AssertionError(method);
              }
              return null;
            });
    Metrics own =
        proxy(Metrics.class, (_, method, _) -> proxy(method.getReturnType(), (_, _, _) -> null));
    new MetricsServlet(own, exporters, new RequestMetrics(own), absent(), new WorkMemory(64 << 20))
        .doGet(request, response);
    return Map.entry(type.toString(), body.toByteArray());
  }

  private static Services absent() {
    return new Services(
        () -> null, () -> null, () -> null, () -> null, () -> null, () -> null, () -> null);
  }

  private static final class Output extends ServletOutputStream {
    private final ByteArrayOutputStream body;

    Output(ByteArrayOutputStream body) {
      this.body = body;
    }

    @Override
    public void write(int b) {
      body.write(b);
    }

    @Override
    public boolean isReady() {
      return true;
    }

    @Override
    public void setWriteListener(WriteListener listener) {}
  }

  @Test
  void refusedParametersAreABadRequest() throws Exception {
    var answer =
        get(
            "text/plain",
            _ -> {
              throw new ParameterException("missing collector: nope");
            });
    assertThat(answer.getKey()).isEqualTo("400 text/plain; charset=utf-8");
    assertThat(new String(answer.getValue(), StandardCharsets.UTF_8))
        .isEqualTo("missing collector: nope");
  }

  @Test
  void protobufHasNativeHistogramsAndExemplars() throws Exception {
    var answer = get(PROTOBUF + ";escaping=allow-utf-8;q=0.6,text/plain;version=0.0.4;q=0.3");
    assertThat(answer.getKey())
        .isEqualTo(
            "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited; escaping=allow-utf-8");
    ExpositionParser parser =
        ExpositionFormat.PROMETHEUS_PROTO.parser(
            new ParserOptions(false, false, false, false, false));
    parser.reset(answer.getValue(), answer.getValue().length);
    List<Object> read = new ArrayList<>();
    for (var entry = parser.next(); entry != ExpositionParser.Entry.END; entry = parser.next()) {
      switch (entry) {
        case HISTOGRAM -> {
          read.add(parser.labels());
          read.add(parser.histogram());
        }
        case SERIES -> {
          read.add(parser.labels());
          read.add(parser.value());
          read.add(parser.exemplar(0));
        }
        default -> {}
      }
    }
    assertThat(read)
        .containsExactly(
            Labels.of("__name__", "acme_wait", "queue", "mail"),
            WAITS,
            Labels.of("__name__", "acme_hits_total"),
            4.0,
            new Exemplar(Labels.of("id", "x"), 1, 1250, true));
  }

  @Test
  void textHasNoFormForNativeHistograms() throws Exception {
    for (String accept : List.of("*/*", "text/plain;q=0.9," + PROTOBUF + ";q=0.7")) {
      var answer = get(accept);
      assertThat(answer.getKey())
          .isEqualTo("text/plain; version=0.0.4; charset=utf-8; escaping=underscores");
      assertThat(new String(answer.getValue(), StandardCharsets.UTF_8))
          .isEqualTo(
              "# HELP acme_hits_total Hits.\n# TYPE acme_hits_total counter\nacme_hits_total 4\n");
    }
  }
}
