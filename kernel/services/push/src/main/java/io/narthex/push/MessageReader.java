package io.narthex.push;

import io.narthex.exposition.ExpositionException;
import io.narthex.exposition.ProtobufBytes;
import io.narthex.exposition.ProtobufWire;
import io.narthex.exposition.ProtobufWire.Broken;
import io.narthex.exposition.family.Families;
import io.narthex.exposition.family.Family;
import io.narthex.exposition.family.Kind;
import io.narthex.exposition.family.Metric;
import io.narthex.exposition.family.SeriesLabels;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads length-delimited {@code io.prometheus.client.MetricFamily} messages. Fields that are not
 * kept (timestamps of creation, exemplars, units) are skipped. One body each; not thread-safe.
 */
final class MessageReader {
  // what all metrics have
  private static final int LABEL = 1;
  private static final int TIMESTAMP = 6;

  /** Fields of a histogram that only native ones have, which are kept as they are. */
  private static final int FIRST_NATIVE = 5;

  private static final int LAST_NATIVE = 14;

  private final ProtobufWire wire;
  private final byte[] body;
  private boolean timed;

  private MessageReader(byte[] body, int from, int to) {
    this.body = body;
    wire = new ProtobufWire(body, from, to);
  }

  /** Reads a body. */
  static Families read(byte[] body, int length) throws ExpositionException {
    return read(body, 0, length);
  }

  /** Reads the messages in {@code [from, to)}. */
  static Families read(byte[] body, int from, int to) throws ExpositionException {
    MessageReader reader = new MessageReader(body, from, to);
    Map<String, Family> families = new LinkedHashMap<>();
    try {
      while (reader.wire.more()) {
        int outer = reader.wire.enterPrefixed();
        Family family = reader.family();
        reader.wire.leave(outer);
        if (!family.name().isEmpty() && !family.metrics().isEmpty()) {
          families.put(family.name(), family); // the last one of a name counts
        }
      }
    } catch (Broken e) {
      throw new ExpositionException(String.valueOf(e.getMessage()));
    }
    return new Families(families, reader.timed);
  }

  private Family family() throws Broken {
    String name = "";
    String help = "";
    Kind kind = Kind.COUNTER;
    List<int[]> metrics = new ArrayList<>(); // they may come before the type
    while (wire.next()) {
      switch (wire.field()) {
        case 1 -> name = text();
        case 2 -> help = text();
        case 3 -> {
          long number = wire.number();
          if (number < 0 || number >= Kind.values().length) {
            throw new Broken("unknown metric type " + number);
          }
          kind = Kind.values()[(int) number];
        }
        case 4 -> {
          int outer = wire.enter();
          int from = wire.position();
          wire.leave(outer);
          metrics.add(new int[] {from, wire.position()});
        }
        default -> wire.skip();
      }
    }
    List<Metric> read = new ArrayList<>(metrics.size());
    for (int[] range : metrics) {
      MessageReader inner = new MessageReader(body, range[0], range[1]);
      read.add(inner.metric(kind));
      timed |= inner.timed;
    }
    return new Family(name, kind, help, read);
  }

  /** Reads a string; what is not UTF-8 is kept with replacement characters. */
  private String text() throws Broken {
    int outer = wire.enter();
    int from = wire.position();
    wire.leave(outer);
    return new String(body, from, wire.position() - from, StandardCharsets.UTF_8);
  }

  private Metric metric(Kind kind) throws Broken {
    int wanted =
        switch (kind) {
          case GAUGE -> 2;
          case COUNTER -> 3;
          case SUMMARY -> 4;
          case UNTYPED -> 5;
          case HISTOGRAM, GAUGE_HISTOGRAM -> 7;
        };
    SeriesLabels.Builder labels = new SeriesLabels.Builder();
    @Nullable Metric value = null;
    while (wire.next()) {
      int field = wire.field();
      if (field == LABEL) {
        int outer = wire.enter();
        label(labels);
        wire.leave(outer);
      } else if (field == TIMESTAMP) {
        timed = true;
        wire.skip();
      } else if (field == wanted) {
        int outer = wire.enter();
        value =
            switch (kind) {
              case COUNTER, GAUGE, UNTYPED -> value();
              case SUMMARY -> summary();
              case HISTOGRAM, GAUGE_HISTOGRAM -> histogram();
            };
        wire.leave(outer);
      } else {
        wire.skip();
      }
    }
    SeriesLabels built = labels.build();
    return value == null ? new Metric.Missing(built) : value.with(built);
  }

  private void label(SeriesLabels.Builder labels) throws Broken {
    String name = "";
    String value = "";
    while (wire.next()) {
      switch (wire.field()) {
        case 1 -> name = text();
        case 2 -> value = text();
        default -> wire.skip();
      }
    }
    labels.add(name, value);
  }

  private Metric value() throws Broken {
    double value = 0;
    while (wire.next()) {
      if (wire.field() == 1) {
        value = wire.real();
      } else {
        wire.skip();
      }
    }
    return new Metric.Value(SeriesLabels.EMPTY, value);
  }

  /** Pairs of numbers in the order in which they came. */
  private static final class Points {
    double[] at = new double[8];
    double[] values = new double[8];
    int size;

    void add(double x, double value) {
      if (size == at.length) {
        at = Arrays.copyOf(at, size * 2);
        values = Arrays.copyOf(values, size * 2);
      }
      at[size] = x;
      values[size++] = value;
    }

    double[] at() {
      return Arrays.copyOf(at, size);
    }

    double[] values() {
      return Arrays.copyOf(values, size);
    }
  }

  private Metric summary() throws Broken {
    long count = 0;
    double sum = 0;
    Points quantiles = new Points();
    while (wire.next()) {
      switch (wire.field()) {
        case 1 -> count = wire.number();
        case 2 -> sum = wire.real();
        case 3 -> {
          int outer = wire.enter();
          double quantile = 0;
          double value = 0;
          while (wire.next()) {
            switch (wire.field()) {
              case 1 -> quantile = wire.real();
              case 2 -> value = wire.real();
              default -> wire.skip();
            }
          }
          wire.leave(outer);
          quantiles.add(quantile, value);
        }
        default -> wire.skip();
      }
    }
    return new Metric.Summary(SeriesLabels.EMPTY, count, sum, quantiles.at(), quantiles.values());
  }

  private Metric histogram() throws Broken {
    double count = 0;
    double floatCount = 0;
    double sum = 0;
    Points buckets = new Points();
    ProtobufBytes kept = new ProtobufBytes();
    while (true) {
      int from = wire.position();
      if (!wire.next()) {
        break;
      }
      int field = wire.field();
      if (field == 1) {
        count = ProtobufWire.unsigned(wire.number());
      } else if (field == 2) {
        sum = wire.real();
      } else if (field == 3) {
        int outer = wire.enter();
        bucket(buckets);
        wire.leave(outer);
      } else if (field == 4) {
        floatCount = wire.real();
      } else {
        wire.skip();
        if (field >= FIRST_NATIVE && field <= LAST_NATIVE) {
          byte[] raw = Arrays.copyOfRange(body, from, wire.position());
          kept.bytes(raw, raw.length);
        }
      }
    }
    return new Metric.Histogram(
        SeriesLabels.EMPTY,
        floatCount != 0 ? floatCount : count,
        sum,
        buckets.at(),
        buckets.values(),
        kept.length() == 0
            ? Metric.Histogram.CLASSIC
            : Arrays.copyOf(kept.buffer(), kept.length()));
  }

  private void bucket(Points buckets) throws Broken {
    double count = 0;
    double floatCount = 0;
    double bound = 0;
    while (wire.next()) {
      switch (wire.field()) {
        case 1 -> count = ProtobufWire.unsigned(wire.number());
        case 2 -> bound = wire.real();
        case 4 -> floatCount = wire.real();
        default -> wire.skip();
      }
    }
    buckets.add(bound, floatCount != 0 ? floatCount : count);
  }
}
