package io.acme.hostile;

import io.narthex.model.Labels;
import io.narthex.model.MetricMetadata;
import io.narthex.model.MetricType;
import io.narthex.spi.exporter.Exporter;
import io.narthex.spi.exporter.ExporterProvider;
import io.narthex.spi.exporter.MetricSink;
import io.narthex.spi.plugin.PluginContext;
import java.util.List;
import java.util.Map;

/** Exporters that write too much, or throw while they write. */
public final class FloodExporters {
  private FloodExporters() {}

  /** An exporter of so many series. */
  private abstract static class Flood implements ExporterProvider<HostileConfig>, Exporter {
    private final String type;
    private final long series;

    Flood(String type, long series) {
      this.type = type;
      this.series = series;
    }

    @Override
    public String type() {
      return type;
    }

    @Override
    public Class<HostileConfig> configType() {
      return HostileConfig.class;
    }

    @Override
    public Exporter open(HostileConfig config, PluginContext context) {
      return this;
    }

    @Override
    public void collect(MetricSink sink, Map<String, List<String>> parameters) {
      sink.family(new MetricMetadata(type, MetricType.GAUGE, "Too many.", ""));
      for (long i = 0; i < series; i++) {
        sink.sample(type, Labels.of("number", Long.toString(i)), i);
      }
      end();
    }

    void end() {}

    @Override
    public void close() {}
  }

  /** Writes without end. */
  public static final class Endless extends Flood {
    /** Creates one. */
    public Endless() {
      super("endless", Long.MAX_VALUE);
    }
  }

  /** Writes a million series. */
  public static final class Million extends Flood {
    /** Creates one. */
    public Million() {
      super("million", 1_000_000);
    }
  }

  /** Throws after what it has written. */
  public static final class Throwing extends Flood {
    /** Creates one. */
    public Throwing() {
      super("throwing", 10);
    }

    @Override
    void end() {
      throw new IllegalStateException("out of order");
    }
  }
}
