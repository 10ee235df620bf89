package io.narthex.template;

import io.narthex.model.NativeHistogram;
import io.narthex.model.go.GoFloat;
import io.narthex.text.number.HistogramBounds;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A native histogram as value of a sample. It prints as in Prometheus: count, sum, and the
 * non-empty buckets in rising order with their bounds, a bracket for a bound that belongs to the
 * bucket. It is not a number, so {@code humanize} and comparisons refuse it.
 */
record HistogramValue(NativeHistogram histogram) implements GoObject {
  /** Returns the value of a sample as templates see it. */
  static Object of(Object value) {
    return value instanceof NativeHistogram h ? new HistogramValue(h) : value;
  }

  @Override
  public @Nullable Object member(String name, List<@Nullable Object> arguments) {
    return switch (name) {
      case "Count" -> histogram.count();
      case "Sum" -> histogram.sum();
      case "ZeroCount" -> histogram.zeroCount();
      case "ZeroThreshold" -> histogram.zeroThreshold();
      case "Schema" -> (long) histogram.schema();
      case "String" -> print();
      default -> NO_MEMBER;
    };
  }

  @Override
  public Object json() {
    return print();
  }

  @Override
  public String typeName() {
    return "*histogram.FloatHistogram";
  }

  @Override
  public String print() {
    NativeHistogram h = histogram;
    StringBuilder out = new StringBuilder("{count:");
    number(out, h.count());
    out.append(", sum:");
    number(out, h.sum());
    StringBuilder below = new StringBuilder();
    for (Buckets b = new Buckets(h.negativeSpans(), h.negativeBuckets()); b.next(); ) {
      StringBuilder one = new StringBuilder();
      bucket(one, '[', -bound(h, b.index), -bound(h, b.index - 1), ')', b.population);
      below.insert(0, one);
    }
    out.append(below);
    if (h.zeroCount() != 0) {
      bucket(out, '[', -h.zeroThreshold(), h.zeroThreshold(), ']', h.zeroCount());
    }
    for (Buckets b = new Buckets(h.positiveSpans(), h.positiveBuckets()); b.next(); ) {
      char left = h.hasCustomBuckets() && b.index == 0 ? '[' : '(';
      bucket(out, left, bound(h, b.index - 1), bound(h, b.index), ']', b.population);
    }
    return out.append('}').toString();
  }

  private static void bucket(
      StringBuilder out, char left, double lower, double upper, char right, double population) {
    if (population == 0) {
      return;
    }
    out.append(", ").append(left);
    number(out, lower);
    out.append(',');
    number(out, upper);
    out.append(right).append(':');
    number(out, population);
  }

  private static void number(StringBuilder out, double value) {
    GoFloat.append(out, value, GoFloat.Style.GENERAL);
  }

  private static double bound(NativeHistogram h, int index) {
    return HistogramBounds.upper(index, h.schema(), h.customBounds());
  }

  /** Walks over the buckets of one sign. */
  private static final class Buckets {
    private final int[] spans;
    private final double[] populations;
    private int span = -2;
    private int left;
    private int at = -1;
    int index = -1;
    double population;

    Buckets(int[] spans, double[] populations) {
      this.spans = spans;
      this.populations = populations;
    }

    boolean next() {
      if (++at == populations.length) {
        return false;
      }
      index++;
      while (left == 0) {
        span += 2;
        index += spans[span];
        left = spans[span + 1];
      }
      left--;
      population = populations[at];
      return true;
    }
  }
}
