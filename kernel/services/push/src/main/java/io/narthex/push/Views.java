package io.narthex.push;

import io.narthex.exposition.ProtobufWire;
import io.narthex.exposition.ProtobufWire.Broken;
import io.narthex.exposition.family.Family;
import io.narthex.exposition.family.Metric;
import io.narthex.exposition.family.SeriesLabels;
import io.narthex.model.go.GoFloat;
import io.narthex.service.push.PushgatewayService.FamilyView;
import io.narthex.service.push.PushgatewayService.MetricView;
import io.narthex.service.push.PushgatewayService.NativeBucket;
import io.narthex.text.number.HistogramBounds;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What the API shows of groups. */
final class Views {
  private Views() {}

  static Map<String, String> labels(SeriesLabels labels) {
    Map<String, String> out = new TreeMap<>();
    for (int i = 0; i < labels.size(); i++) {
      out.put(labels.name(i), labels.value(i));
    }
    return out;
  }

  static Instant time(long nanos) {
    return Instant.ofEpochSecond(nanos / 1_000_000_000L, nanos % 1_000_000_000L);
  }

  static FamilyView family(Group.Stamped s) {
    Family f = s.family();
    List<MetricView> metrics = new ArrayList<>(f.metrics().size());
    for (Metric m : f.metrics()) {
      metrics.add(metric(m));
    }
    return new FamilyView(time(s.nanos()), f.kind().name(), f.help(), metrics);
  }

  private static MetricView metric(Metric m) {
    Map<String, String> labels = labels(m.labels());
    return switch (m) {
      case Metric.Value v -> new MetricView(labels, number(v.value()), null, null, null, null);
      case Metric.Summary s ->
          new MetricView(
              labels,
              null,
              number(s.sum()),
              Long.toUnsignedString(s.count()),
              points(s.quantiles(), s.values()),
              null);
      case Metric.Histogram h ->
          new MetricView(
              labels,
              null,
              number(h.sum()),
              count(h.count(), real(h)),
              buckets(h),
              h.nativeFields().length == 0 ? null : nativeBuckets(h.nativeFields()));
      case Metric.Missing _ -> new MetricView(labels, "", null, null, null, null);
    };
  }

  /** Formats a number; unlike in an exposition a negative zero stays one. */
  private static String number(double v) {
    return GoFloat.toString(v, GoFloat.Style.GENERAL);
  }

  /**
   * Returns whether a histogram counts in real numbers: one count that is no whole number makes all
   * of them so.
   */
  private static boolean real(Metric.Histogram h) {
    boolean whole = isWhole(h.count());
    for (double count : h.counts()) {
      whole &= isWhole(count);
    }
    return !whole;
  }

  private static boolean isWhole(double v) {
    return v >= 0 && v == Math.rint(v) && v < 0x1p63;
  }

  /** Formats a count; a real one that is not above 0 is shown as 0, as the original does. */
  private static String count(double v, boolean real) {
    if (!real) {
      return Long.toString((long) v);
    }
    return v > 0 ? number(v) : "0";
  }

  private static Map<String, String> buckets(Metric.Histogram h) {
    Map<String, String> out = new LinkedHashMap<>();
    boolean real = real(h);
    for (int i = 0; i < h.bounds().length; i++) {
      out.put(number(h.bounds()[i]), count(h.counts()[i], real));
    }
    return out;
  }

  private static Map<String, String> points(double[] at, double[] values) {
    Map<String, String> out = new LinkedHashMap<>();
    for (int i = 0; i < at.length; i++) {
      out.put(number(at[i]), number(values[i]));
    }
    return out;
  }

  private static @Nullable List<NativeBucket> nativeBuckets(byte[] fields) {
    try {
      return NativeFields.read(fields).buckets();
    } catch (Broken e) {
      return null; // cannot happen: it was read once
    }
  }

  /** The fields that only native histograms have. */
  private static final class NativeFields {
    private static final double[] NO_BOUNDS = new double[0]; // of custom ones nothing is kept
    private int schema;
    private double zeroThreshold;
    private double zeroCount;
    private final Side negative = new Side();
    private final Side positive = new Side();

    private static final class Side {
      final List<int[]> spans = new ArrayList<>(); // offset, length
      final List<Double> counts = new ArrayList<>();
      long sum;
    }

    static NativeFields read(byte[] fields) throws Broken {
      NativeFields n = new NativeFields();
      ProtobufWire wire = new ProtobufWire(fields, 0, fields.length);
      while (wire.next()) {
        switch (wire.field()) {
          case 5 -> n.schema = (int) ProtobufWire.zigZag(wire.number());
          case 6 -> n.zeroThreshold = wire.real();
          case 7 -> n.zeroCount += ProtobufWire.unsigned(wire.number());
          case 8 -> n.zeroCount += wire.real();
          case 9 -> span(wire, n.negative);
          case 10 -> deltas(wire, n.negative);
          case 11 -> counts(wire, n.negative);
          case 12 -> span(wire, n.positive);
          case 13 -> deltas(wire, n.positive);
          case 14 -> counts(wire, n.positive);
          default -> wire.skip();
        }
      }
      return n;
    }

    private static void span(ProtobufWire wire, Side side) throws Broken {
      int outer = wire.enter();
      int[] span = new int[2];
      while (wire.next()) {
        switch (wire.field()) {
          case 1 -> span[0] = (int) ProtobufWire.zigZag(wire.number());
          case 2 -> span[1] = (int) wire.number();
          default -> wire.skip();
        }
      }
      wire.leave(outer);
      side.spans.add(span);
    }

    private static void deltas(ProtobufWire wire, Side side) throws Broken {
      if (!wire.isPacked()) {
        side.sum += ProtobufWire.zigZag(wire.number());
        side.counts.add((double) side.sum);
        return;
      }
      int outer = wire.enter();
      while (wire.more()) {
        side.sum += ProtobufWire.zigZag(wire.varint());
        side.counts.add((double) side.sum);
      }
      wire.leave(outer);
    }

    private static void counts(ProtobufWire wire, Side side) throws Broken {
      if (!wire.isPacked()) {
        side.counts.add(wire.real());
        return;
      }
      int outer = wire.enter();
      while (wire.more()) {
        side.counts.add(wire.packedReal());
      }
      wire.leave(outer);
    }

    /** Returns the buckets that are not empty, from the lowest to the highest. */
    List<NativeBucket> buckets() {
      List<NativeBucket> out = new ArrayList<>();
      for (Bucket b : buckets(negative).reversed()) {
        out.add(bucket(1, -b.upper, -b.lower, b.count));
      }
      if (zeroCount != 0) {
        out.add(bucket(3, -zeroThreshold, zeroThreshold, zeroCount));
      }
      for (Bucket b : buckets(positive)) {
        out.add(bucket(0, b.lower, b.upper, b.count));
      }
      return out;
    }

    private record Bucket(double lower, double upper, double count) {}

    private List<Bucket> buckets(Side side) {
      List<Bucket> out = new ArrayList<>();
      int index = 0;
      int at = 0;
      for (int[] span : side.spans) {
        index += span[0];
        for (int i = 0; i < span[1] && at < side.counts.size(); i++, index++) {
          double count = side.counts.get(at++);
          if (count != 0) {
            out.add(new Bucket(bound(index - 1), bound(index), count));
          }
        }
      }
      return out;
    }

    private double bound(int index) {
      return HistogramBounds.upper(index, schema, NO_BOUNDS);
    }

    private static NativeBucket bucket(int boundaries, double lower, double upper, double count) {
      return new NativeBucket(boundaries, number(lower), number(upper), number(count));
    }
  }
}
