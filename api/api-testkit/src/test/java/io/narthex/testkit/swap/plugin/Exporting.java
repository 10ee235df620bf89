package io.narthex.testkit.swap.plugin;

import io.narthex.model.Labels;
import io.narthex.model.MetricMetadata;
import io.narthex.model.MetricType;
import io.narthex.spi.exporter.Exporter;
import io.narthex.spi.exporter.ExporterProvider;
import io.narthex.spi.exporter.MetricSink;
import io.narthex.spi.plugin.PluginContext;
import java.util.List;
import java.util.Map;

/** An exporter of two gauges. */
public final class Exporting implements ExporterProvider<Exporting.Config> {
  /** Settings. */
  public record Config() {}

  @Override
  public String type() {
    return "faulty";
  }

  @Override
  public Class<Config> configType() {
    return Config.class;
  }

  @Override
  public Exporter open(Config config, PluginContext context) {
    Mode.leak();
    return new Exporter() {
      private volatile boolean closed;
      private int collections; // by one thread at a time

      @Override
      public void collect(MetricSink sink, Map<String, List<String>> parameters)
          throws InterruptedException {
        collections++;
        // what it reads takes its time, and ends when it is interrupted
        Thread.sleep(Mode.is("is slow") && collections > 3 ? 5_000 : 20);
        if (Mode.is("throws") || closed) {
          throw new IllegalStateException("the socket is closed");
        }
        gauge(sink, "lamp_lit");
        if (!Mode.is("loses a metric")) {
          gauge(sink, "lamp_watts");
        }
      }

      private static void gauge(MetricSink sink, String name) {
        sink.family(new MetricMetadata(name, MetricType.GAUGE, "Of a lamp.", ""));
        sink.sample(name, Labels.EMPTY, 1);
      }

      @Override
      public void close() {
        closed = true;
      }
    };
  }
}
