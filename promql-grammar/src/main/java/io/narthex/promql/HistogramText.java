package io.narthex.promql;

import io.narthex.model.NativeHistogram;
import io.narthex.model.NativeHistogram.ResetHint;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * The literal form of histograms in test scripts: <code>{{schema:1 count:3 buckets:[1 2]}}</code>.
 */
public final class HistogramText {
  static final Set<String> LISTS = Set.of("buckets", "n_buckets", "custom_values");
  static final Set<String> KEYS =
      Set.of(
          "schema",
          "sum",
          "count",
          "z_bucket",
          "z_bucket_w",
          "buckets",
          "offset",
          "n_buckets",
          "n_offset",
          "custom_values",
          "counter_reset_hint");

  private HistogramText() {}

  /** Returns a histogram as a literal; empty parts are left out. */
  public static String write(NativeHistogram h) {
    StringBuilder b = new StringBuilder("{{");
    String[] space = {""};
    field(b, space, "schema", h.schema());
    field(b, space, "count", h.count());
    field(b, space, "sum", h.sum());
    field(b, space, "z_bucket", h.zeroCount());
    field(b, space, "z_bucket_w", h.zeroThreshold());
    if (h.customBounds().length > 0) {
      list(b, space, "custom_values", h.customBounds());
    }
    if (h.resetHint() != ResetHint.UNKNOWN) {
      b.append(space[0])
          .append("counter_reset_hint:")
          .append(h.resetHint().name().toLowerCase(Locale.ROOT));
      space[0] = " ";
    }
    side(b, space, "", h.positiveSpans(), h.positiveBuckets());
    side(b, space, "n_", h.negativeSpans(), h.negativeBuckets());
    return b.append("}}").toString();
  }

  private static void field(StringBuilder b, String[] space, String name, double value) {
    if (value != 0) {
      b.append(space[0]).append(name).append(':').append(Numbers.general(value));
      space[0] = " ";
    }
  }

  private static void list(StringBuilder b, String[] space, String name, double[] values) {
    b.append(space[0]).append(name).append(":[");
    for (int i = 0; i < values.length; i++) {
      b.append(i > 0 ? " " : "").append(Numbers.general(values[i]));
    }
    b.append(']');
    space[0] = " ";
  }

  private static void side(
      StringBuilder b, String[] space, String prefix, int[] spans, double[] buckets) {
    if (spans.length == 0) {
      return;
    }
    field(b, space, prefix + "offset", spans[0]);
    int length = 0;
    for (int i = 0; i < spans.length; i += 2) {
      length += spans[i + 1] + (i > 0 ? spans[i] : 0);
    }
    double[] dense = new double[length];
    int at = 0;
    int from = 0;
    for (int i = 0; i < spans.length; i += 2) {
      at += i > 0 ? spans[i] : 0;
      System.arraycopy(buckets, from, dense, at, spans[i + 1]);
      at += spans[i + 1];
      from += spans[i + 1];
    }
    list(b, space, prefix + "buckets", dense);
  }

  /** The parts of a literal while it is read. */
  static final class Parts {
    final Set<String> seen = new HashSet<>();
    private int schema;
    private double sum;
    private double count;
    private double zeroCount;
    private double zeroThreshold;
    private int offset;
    private int negativeOffset;
    private double[] buckets = {};
    private double[] negativeBuckets = {};
    private double[] bounds = {};
    private ResetHint hint = ResetHint.UNKNOWN;

    boolean hint(String text) {
      for (ResetHint h : ResetHint.values()) {
        if (h.name().toLowerCase(Locale.ROOT).equals(text)) {
          hint = h;
          return true;
        }
      }
      return false;
    }

    void number(String key, double v) {
      switch (key) {
        case "schema" -> schema = (int) v;
        case "sum" -> sum = v;
        case "count" -> count = v;
        case "z_bucket" -> zeroCount = v;
        case "z_bucket_w" -> zeroThreshold = v;
        case "offset" -> offset = (int) v;
        default -> negativeOffset = (int) v;
      }
    }

    void list(String key, List<Double> values) {
      double[] array = values.stream().mapToDouble(Double::doubleValue).toArray();
      switch (key) {
        case "buckets" -> buckets = array;
        case "n_buckets" -> negativeBuckets = array;
        default -> bounds = array;
      }
    }

    NativeHistogram build() {
      return NativeHistogram.builder()
          .schema(schema)
          .sum(sum)
          .count(count)
          .zeroBucket(zeroThreshold, zeroCount)
          .positive(spans(offset, buckets), buckets)
          .negative(spans(negativeOffset, negativeBuckets), negativeBuckets)
          .customBounds(bounds)
          .resetHint(hint)
          .build();
    }

    private static int[] spans(int offset, double[] buckets) {
      return buckets.length == 0 ? new int[0] : new int[] {offset, buckets.length};
    }
  }

  /** Adds or subtracts; {@code b} is brought to the schema of {@code a}, which is not finer. */
  static NativeHistogram add(NativeHistogram a, NativeHistogram b, boolean minus) {
    int sign = minus ? -1 : 1;
    int shift = a.hasCustomBuckets() ? 0 : b.schema() - a.schema();
    Map<Integer, Double> positive = map(a.positiveSpans(), a.positiveBuckets(), 0, 1);
    map(b.positiveSpans(), b.positiveBuckets(), shift, sign)
        .forEach((i, v) -> positive.merge(i, v, Double::sum));
    Map<Integer, Double> negative = map(a.negativeSpans(), a.negativeBuckets(), 0, 1);
    map(b.negativeSpans(), b.negativeBuckets(), shift, sign)
        .forEach((i, v) -> negative.merge(i, v, Double::sum));
    return a.toBuilder()
        .sum(a.sum() + sign * b.sum())
        .count(a.count() + sign * b.count())
        .zeroBucket(
            Math.max(a.zeroThreshold(), b.zeroThreshold()), a.zeroCount() + sign * b.zeroCount())
        .positive(spans(positive), values(positive))
        .negative(spans(negative), values(negative))
        .resetHint(hint(a.resetHint(), b.resetHint()))
        .build();
  }

  private static ResetHint hint(ResetHint a, ResetHint b) {
    if (a == b || a == ResetHint.GAUGE) {
      return a;
    }
    return b == ResetHint.GAUGE ? ResetHint.GAUGE : ResetHint.UNKNOWN;
  }

  private static Map<Integer, Double> map(int[] spans, double[] buckets, int shift, int sign) {
    Map<Integer, Double> map = new TreeMap<>();
    int index = 0;
    int from = 0;
    for (int i = 0; i < spans.length; i += 2) {
      index += spans[i];
      for (int k = 0; k < spans[i + 1]; k++) {
        map.merge(((index - 1) >> shift) + 1, sign * buckets[from++], Double::sum);
        index++;
      }
    }
    return map;
  }

  private static double[] values(Map<Integer, Double> map) {
    return map.values().stream().mapToDouble(Double::doubleValue).toArray();
  }

  private static int[] spans(Map<Integer, Double> map) {
    int[] spans = new int[map.size() * 2];
    int n = 0;
    int next = 0;
    for (int index : map.keySet()) {
      if (n > 0 && index == next) {
        spans[n - 1]++;
      } else {
        spans[n++] = index - next;
        spans[n++] = 1;
      }
      next = index + 1;
    }
    return Arrays.copyOf(spans, n);
  }
}
