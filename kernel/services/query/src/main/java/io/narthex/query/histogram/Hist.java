package io.narthex.query.histogram;

import io.narthex.model.NativeHistogram;
import io.narthex.model.NativeHistogram.ResetHint;
import io.narthex.promql.Numbers;
import io.narthex.text.number.HistogramBounds;
import java.util.Arrays;

/**
 * A native histogram in the form the engine calculates with. Immutable by convention.
 *
 * <p>Semantics as model/histogram/float_histogram.go of Prometheus: a sum takes the coarser schema
 * and the wider zero bucket; histograms with different custom bounds are reduced to the bounds they
 * have in common.
 */
public final class Hist {
  static final int CUSTOM = NativeHistogram.CUSTOM_BUCKETS_SCHEMA;
  static final double[] NO_BOUNDS = new double[0];
  public static final Hist EMPTY =
      new Hist(0, 0, 0, 0, 0, Buckets.NONE, Buckets.NONE, NO_BOUNDS, ResetHint.UNKNOWN);

  /** What additions came across; one per evaluation, reset by the caller. */
  public static final class Findings {
    public boolean incompatible;
    public boolean resetCollision;
    public boolean boundsReconciled;

    public void clear() {
      incompatible = false;
      resetCollision = false;
      boundsReconciled = false;
    }
  }

  public final int schema;
  public final double zeroThreshold;
  public final double zeroCount;
  public final double count;
  public final double sum;
  public final Buckets positive;
  public final Buckets negative;
  public final double[] bounds;
  public final ResetHint hint;

  public Hist(
      int schema,
      double zeroThreshold,
      double zeroCount,
      double count,
      double sum,
      Buckets positive,
      Buckets negative,
      double[] bounds,
      ResetHint hint) {
    this.schema = schema;
    this.zeroThreshold = zeroThreshold;
    this.zeroCount = zeroCount;
    this.count = count;
    this.sum = sum;
    this.positive = positive;
    this.negative = negative;
    this.bounds = bounds;
    this.hint = hint;
  }

  /**
   * As {@link #of(NativeHistogram)}; shares the indexes of buckets with the histogram before if
   * they are the same, which makes sums and differences of the two cheaper.
   *
   * @param before the form of {@code beforeModel}
   */
  public static Hist of(NativeHistogram h, NativeHistogram beforeModel, Hist before) {
    Buckets p =
        Arrays.equals(h.positiveSpans(), beforeModel.positiveSpans())
            ? new Buckets(before.positive.index, h.positiveBuckets())
            : Buckets.ofSpans(h.positiveSpans(), h.positiveBuckets());
    Buckets n =
        Arrays.equals(h.negativeSpans(), beforeModel.negativeSpans())
            ? new Buckets(before.negative.index, h.negativeBuckets())
            : Buckets.ofSpans(h.negativeSpans(), h.negativeBuckets());
    return new Hist(
        h.schema(),
        h.zeroThreshold(),
        h.zeroCount(),
        h.count(),
        h.sum(),
        p,
        n,
        h.customBounds(),
        h.resetHint());
  }

  public static Hist of(NativeHistogram h) {
    return new Hist(
        h.schema(),
        h.zeroThreshold(),
        h.zeroCount(),
        h.count(),
        h.sum(),
        Buckets.ofSpans(h.positiveSpans(), h.positiveBuckets()),
        Buckets.ofSpans(h.negativeSpans(), h.negativeBuckets()),
        h.customBounds(),
        h.resetHint());
  }

  /** Returns the form of the API, without empty buckets. */
  public NativeHistogram toModel() {
    Buckets p = positive.compact();
    Buckets n = negative.compact();
    return NativeHistogram.builder()
        .schema(schema)
        .zeroBucket(zeroThreshold, zeroCount)
        .count(count)
        .sum(sum)
        .positive(p.spans(), p.count)
        .negative(n.spans(), n.count)
        .customBounds(bounds)
        .resetHint(hint)
        .build();
  }

  public boolean isCustom() {
    return schema == CUSTOM;
  }

  public Hist withHint(ResetHint h) {
    return h == hint
        ? this
        : new Hist(schema, zeroThreshold, zeroCount, count, sum, positive, negative, bounds, h);
  }

  public Hist compact() {
    return new Hist(
        schema,
        zeroThreshold,
        zeroCount,
        count,
        sum,
        positive.compact(),
        negative.compact(),
        bounds,
        hint);
  }

  /** Rough size in samples for the memory budget, as Prometheus counts it. */
  public int sampleSize() {
    int bytes =
        8 * 5 + 4 + 1 + 24 * 5 + 8 * (positive.size() + negative.size()) + 8 * bounds.length + 16;
    return Math.max(1, bytes / 16);
  }

  /** Returns about how many bytes this histogram takes. */
  public int bytes() {
    return 160 + 12 * (positive.size() + negative.size()) + 8 * bounds.length;
  }

  double upper(int i) {
    return HistogramBounds.upper(i, schema, bounds);
  }

  double lower(int i) {
    return HistogramBounds.upper(i - 1, schema, bounds);
  }

  /* arithmetic */

  public Hist times(double factor) {
    return new Hist(
        schema,
        zeroThreshold,
        zeroCount * factor,
        count * factor,
        sum * factor,
        positive.scaled(factor),
        negative.scaled(factor),
        bounds,
        factor < 0 ? ResetHint.GAUGE : hint);
  }

  public Hist dividedBy(double scalar) {
    boolean zero = scalar == 0;
    return new Hist(
        schema,
        zeroThreshold,
        zeroCount / scalar,
        count / scalar,
        sum / scalar,
        zero ? Buckets.NONE : positive.dividedBy(scalar),
        zero ? Buckets.NONE : negative.dividedBy(scalar),
        bounds,
        scalar < 0 ? ResetHint.GAUGE : hint);
  }

  /** Returns the histogram with a schema at most {@code target}. */
  public Hist toSchema(int target) {
    if (isCustom() || schema <= target) {
      return this;
    }
    int by = schema - target;
    return new Hist(
        target,
        zeroThreshold,
        zeroCount,
        count,
        sum,
        positive.reduced(by),
        negative.reduced(by),
        bounds,
        hint);
  }

  public Hist plus(Hist other, Findings findings) {
    return combine(other, 1, findings);
  }

  public Hist minus(Hist other, Findings findings) {
    return combine(other, -1, findings);
  }

  /** Returns this plus {@code sign} times {@code other}; this when the two are incompatible. */
  private Hist combine(Hist other, double sign, Findings findings) {
    Hist[] pair = aligned(other, findings);
    if (pair.length == 0) {
      return this;
    }
    Hist a = pair[0];
    Hist b = pair[1];
    return new Hist(
        a.schema,
        a.zeroThreshold,
        a.zeroCount + sign * b.zeroCount,
        count + sign * other.count,
        sum + sign * other.sum,
        a.positive.plus(b.positive, sign),
        a.negative.plus(b.negative, sign),
        a.bounds,
        mergeHints(other, findings));
  }

  /**
   * Returns this and {@code other} with one schema, zero bucket and set of bounds; nothing when one
   * has custom buckets and the other has not.
   */
  public Hist[] aligned(Hist other, Findings findings) {
    if (isCustom() != other.isCustom()) {
      findings.incompatible = true;
      return new Hist[0];
    }
    if (isCustom()) {
      if (Arrays.equals(bounds, other.bounds)) {
        return new Hist[] {this, other};
      }
      findings.boundsReconciled = true;
      double[] common = commonBounds(bounds, other.bounds);
      return new Hist[] {
        withBuckets(
            CUSTOM, zeroThreshold, zeroCount, mapped(positive, bounds, common), negative, common),
        other.withBuckets(
            CUSTOM,
            other.zeroThreshold,
            other.zeroCount,
            mapped(other.positive, other.bounds, common),
            other.negative,
            common)
      };
    }
    if (schema == other.schema && zeroThreshold == other.zeroThreshold) {
      return new Hist[] {this, other};
    }
    Hist a = this;
    ZeroBucket za = new ZeroBucket(zeroThreshold, zeroCount);
    ZeroBucket zb = new ZeroBucket(other.zeroThreshold, other.zeroCount);
    while (za.threshold != zb.threshold) {
      if (za.threshold > zb.threshold) {
        zb = other.zeroBucketFor(za.threshold);
      }
      if (zb.threshold > za.threshold) {
        za = a.zeroBucketFor(zb.threshold);
        a = a.trimmedTo(za);
      }
    }
    int target = Math.min(schema, other.schema);
    Buckets otherPos = other.positive.reduced(other.schema - target);
    Buckets otherNeg = other.negative.reduced(other.schema - target);
    if (za.threshold > 0) {
      otherPos = above(otherPos, target, za.threshold);
      otherNeg = above(otherNeg, target, za.threshold);
    }
    return new Hist[] {
      withBuckets(
          target,
          za.threshold,
          za.count,
          a.positive.reduced(a.schema - target),
          a.negative.reduced(a.schema - target),
          bounds),
      other.withBuckets(target, za.threshold, zb.count, otherPos, otherNeg, bounds)
    };
  }

  private Hist withBuckets(
      int newSchema,
      double threshold,
      double zero,
      Buckets newPositive,
      Buckets newNegative,
      double[] newBounds) {
    return new Hist(
        newSchema, threshold, zero, count, sum, newPositive, newNegative, newBounds, hint);
  }

  /** Returns lost low parts in the layout of {@code like}, which is coarser or the same. */
  public Hist inLayoutOf(Hist like) {
    if (isCustom()) {
      return Arrays.equals(bounds, like.bounds)
          ? this
          : withBuckets(CUSTOM, 0, 0, mapped(positive, bounds, like.bounds), negative, like.bounds);
    }
    if (schema == like.schema && zeroThreshold == like.zeroThreshold) {
      return this;
    }
    double zero = zeroCount;
    for (int side = 0; side < 2; side++) {
      Buckets b = side == 0 ? positive : negative;
      for (int i = 0; i < b.size() && lower(b.index[i]) < like.zeroThreshold; i++) {
        zero += b.count[i];
      }
    }
    Buckets p = like.zeroThreshold > 0 ? outside(positive, like.zeroThreshold) : positive;
    Buckets n = like.zeroThreshold > 0 ? outside(negative, like.zeroThreshold) : negative;
    int by = schema - like.schema;
    return withBuckets(
        like.schema, like.zeroThreshold, zero, p.reduced(by), n.reduced(by), like.bounds);
  }

  private static Buckets above(Buckets b, int schema, double threshold) {
    int n = 0;
    while (n < b.index.length
        && HistogramBounds.upper(b.index[n], schema, NO_BOUNDS) <= threshold) {
      n++;
    }
    return n == 0 ? b : n == b.index.length ? Buckets.NONE : b.from(b.index[n]);
  }

  public ResetHint mergeHints(Hist other, Findings findings) {
    if (hint == other.hint || hint == ResetHint.GAUGE) {
      return hint;
    }
    if (other.hint == ResetHint.GAUGE) {
      return ResetHint.GAUGE;
    }
    if (hint != ResetHint.UNKNOWN && other.hint != ResetHint.UNKNOWN) {
      findings.resetCollision = true;
    }
    return ResetHint.UNKNOWN;
  }

  private record ZeroBucket(double threshold, double count) {}

  /** Returns the zero bucket widened to {@code wanted}, or more if that cuts a populated bucket. */
  private ZeroBucket zeroBucketFor(double wanted) {
    if (wanted == zeroThreshold) {
      return new ZeroBucket(zeroThreshold, zeroCount);
    }
    double threshold = wanted;
    while (true) {
      double c = zeroCount;
      for (int i = 0; i < positive.size(); i++) {
        double lower = lower(positive.index[i]);
        if (lower >= threshold) {
          break;
        }
        c += positive.count[i];
        double upper = upper(positive.index[i]);
        if (upper > threshold) {
          if (positive.count[i] != 0) {
            threshold = upper;
          }
          break;
        }
      }
      boolean again = false;
      for (int i = 0; i < negative.size(); i++) {
        double lower = lower(negative.index[i]);
        if (lower >= threshold) {
          break;
        }
        c += negative.count[i];
        double upper = upper(negative.index[i]);
        if (upper > threshold) {
          if (negative.count[i] != 0) {
            threshold = upper;
            again = true;
          }
          break;
        }
      }
      if (!again) {
        return new ZeroBucket(threshold, c);
      }
    }
  }

  private Hist trimmedTo(ZeroBucket zero) {
    return new Hist(
        schema,
        zero.threshold,
        zero.count,
        count,
        sum,
        outside(positive, zero.threshold),
        outside(negative, zero.threshold),
        bounds,
        hint);
  }

  private Buckets outside(Buckets b, double threshold) {
    int n = 0;
    while (n < b.index.length && lower(b.index[n]) < threshold) {
      n++;
    }
    return n == 0 ? b : n == b.index.length ? Buckets.NONE : b.from(b.index[n]);
  }

  /* custom bounds */

  static double[] commonBounds(double[] a, double[] b) {
    double[] out = new double[Math.min(a.length, b.length)];
    int n = 0;
    int i = 0;
    int j = 0;
    while (i < a.length && j < b.length) {
      if (a[i] == b[j]) {
        out[n++] = a[i];
        i++;
        j++;
      } else if (a[i] < b[j]) {
        i++;
      } else {
        j++;
      }
    }
    return Arrays.copyOf(out, n);
  }

  /** Returns the buckets under fewer bounds, all of which are among the old ones. */
  static Buckets mapped(Buckets b, double[] from, double[] to) {
    int[] index = new int[b.size()];
    double[] counts = new double[b.size()];
    int n = 0;
    int target = 0;
    for (int i = 0; i < b.size(); i++) {
      double upper = HistogramBounds.upper(b.index[i], CUSTOM, from);
      while (target < to.length && to[target] < upper) {
        target++;
      }
      if (n > 0 && index[n - 1] == target) {
        counts[n - 1] += b.count[i];
      } else {
        index[n] = target;
        counts[n++] = b.count[i];
      }
    }
    return new Buckets(Arrays.copyOf(index, n), Arrays.copyOf(counts, n));
  }

  /* comparison */

  /** Returns whether a counter was reset between {@code previous} and this. */
  public boolean isResetSince(Hist previous) {
    if (hint == ResetHint.RESET) {
      return true;
    }
    if (hint == ResetHint.NOT_RESET) {
      return false;
    }
    if (count < previous.count) {
      return true;
    }
    if (isCustom()) {
      if (!previous.isCustom()) {
        return true;
      }
      if (!Arrays.equals(bounds, previous.bounds)) {
        double[] common = commonBounds(bounds, previous.bounds);
        return mapped(positive, bounds, common)
            .fellSince(mapped(previous.positive, previous.bounds, common));
      }
      return positive.fellSince(previous.positive);
    }
    if (schema > previous.schema || zeroThreshold < previous.zeroThreshold) {
      return true;
    }
    ZeroBucket before = previous.zeroBucketFor(zeroThreshold);
    if (before.threshold != zeroThreshold || zeroCount < before.count) {
      return true;
    }
    return fell(positive, previous.positive, previous.schema)
        || fell(negative, previous.negative, previous.schema);
  }

  private boolean fell(Buckets now, Buckets before, int schemaBefore) {
    Buckets p = before.reduced(schemaBefore - schema);
    Buckets n = now;
    if (zeroThreshold > 0) {
      p = above(p, schema, zeroThreshold);
      n = above(n, schema, zeroThreshold);
    }
    return n.fellSince(p);
  }

  /** Returns whether both are equal but for the reset hint. */
  public boolean sameAs(Hist o) {
    return schema == o.schema
        && same(zeroThreshold, o.zeroThreshold)
        && same(zeroCount, o.zeroCount)
        && same(count, o.count)
        && same(sum, o.sum)
        && Arrays.equals(bounds, o.bounds)
        && positive.sameAs(o.positive)
        && negative.sameAs(o.negative);
  }

  private static boolean same(double a, double b) {
    return Double.doubleToRawLongBits(a) == Double.doubleToRawLongBits(b);
  }

  /** Returns the text form, <code>{count:3, sum:2, (1,2]:3}</code>. */
  @Override
  public String toString() {
    StringBuilder b = new StringBuilder("{count:");
    b.append(Numbers.general(count)).append(", sum:").append(Numbers.general(sum));
    for (int i = negative.size() - 1; i >= 0; i--) {
      if (negative.count[i] != 0) {
        int x = negative.index[i];
        bucket(b, '[', -upper(x), -lower(x), ')', negative.count[i]);
      }
    }
    if (zeroCount != 0) {
      bucket(b, '[', -zeroThreshold, zeroThreshold, ']', zeroCount);
    }
    for (int i = 0; i < positive.size(); i++) {
      if (positive.count[i] != 0) {
        int x = positive.index[i];
        boolean first = isCustom() && x == 0;
        bucket(b, first ? '[' : '(', lower(x), upper(x), ']', positive.count[i]);
      }
    }
    return b.append('}').toString();
  }

  private static void bucket(
      StringBuilder b, char open, double from, double to, char close, double count) {
    b.append(", ")
        .append(open)
        .append(Numbers.general(from))
        .append(',')
        .append(Numbers.general(to))
        .append(close)
        .append(':')
        .append(Numbers.general(count));
  }
}
