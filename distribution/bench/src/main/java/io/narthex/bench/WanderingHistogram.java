package io.narthex.bench;

import io.narthex.model.NativeHistogram;
import io.narthex.model.NativeHistogram.ResetHint;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The native histograms of one series as a process would expose them, by chance: few observations
 * at a time, negative ones and zeros among them, restarts, gaps, and a resolution that is halved
 * when there are too many buckets. Populations are whole numbers. Not thread-safe.
 */
final class WanderingHistogram {
  /** What is counted how. */
  enum Kind {
    /** Exponential buckets that only grow. */
    COUNTER,
    /** Exponential buckets that grow and shrink. */
    GAUGE,
    /** Buckets with bounds of their own, the same in all series. */
    CUSTOM
  }

  private static final double[] BOUNDS = {0.05, 0.1, 0.5, 1, 5, 10};
  private static final int LOWEST_SCHEMA = -2;

  /**
   * What a counter starts with. Newer versions of Prometheus let a rate go back in time no further
   * than to where the counter was zero, which 3.5 does for floats only; with this, that is rarely
   * near.
   */
  private static final long HEAD_START = 5_000;

  private final Random random;
  private final Kind kind;
  private final int firstSchema;

  /** Power of two at which the zero bucket ends; a bound of all schemas used. */
  private final int zeroPower;

  private final TreeMap<Integer, Long> positive = new TreeMap<>();
  private final TreeMap<Integer, Long> negative = new TreeMap<>();
  private int schema;
  private long zeroCount;
  private double sum;
  private boolean there = true;

  /**
   * Whether there are negative observations, from the first sample on. Prometheus adds buckets that
   * come later, empty, to the samples before them in the same chunk, and a quantile in the zero
   * bucket depends on whether there is any.
   */
  private final boolean negatives;

  WanderingHistogram(Random random, Kind kind) {
    this.random = random;
    this.kind = kind;
    firstSchema = 1 + random.nextInt(3);
    negatives = kind != Kind.CUSTOM && random.nextBoolean();
    zeroPower = random.nextInt(3) == 0 ? -8 : -128;
    restart();
  }

  private void restart() {
    positive.clear();
    negative.clear();
    schema = firstSchema;
    zeroCount = 0;
    sum = 0;
    positive.put(1, kind == Kind.GAUGE ? 1 : HEAD_START);
    if (negatives) {
      negative.put(1, 1L);
    }
  }

  /** Returns the next sample; null where there is none, a stale marker where a gap begins. */
  @Nullable NativeHistogram next() {
    if (random.nextInt(60) == 0) {
      there = !there;
      if (!there) {
        return NativeHistogram.stale();
      }
    }
    if (!there) {
      return null;
    }
    if (random.nextInt(50) == 0) {
      restart();
    }
    for (int i = random.nextInt(6); i > 0; i--) {
      observe();
    }
    if (kind != Kind.CUSTOM && random.nextInt(90) == 0 && schema > LOWEST_SCHEMA) {
      schema--;
      halve(positive);
      halve(negative);
    }
    return sample();
  }

  private void observe() {
    int turn = random.nextInt(8);
    if (kind == Kind.GAUGE && turn > 4) {
      shrink(positive);
    } else if (kind != Kind.CUSTOM && turn == 0) {
      zeroCount++;
    } else if (negatives && turn == 1) {
      negative.merge(index(), 1L, Long::sum);
      sum -= random.nextInt(100) / 8.0;
    } else {
      positive.merge(
          kind == Kind.CUSTOM ? random.nextInt(BOUNDS.length + 1) : index(), 1L, Long::sum);
      sum += random.nextInt(100) / 8.0;
    }
  }

  private int index() {
    double perPower = Math.scalb(1.0, schema); // buckets
    int index = (int) Math.round(random.nextGaussian() * 3 * perPower);
    return Math.max(index, (int) (zeroPower * perPower) + 1); // beyond the zero bucket
  }

  private void shrink(TreeMap<Integer, Long> side) {
    Map.Entry<Integer, Long> first = side.firstEntry();
    if (first != null) {
      side.put(first.getKey(), 0L); // a bucket that is empty is still there
      sum -= 1;
    }
  }

  /** Merges neighbours: bucket i goes to the bucket of the next lower schema that holds it. */
  private static void halve(TreeMap<Integer, Long> side) {
    TreeMap<Integer, Long> merged = new TreeMap<>();
    side.forEach((i, n) -> merged.merge((i - 1 >> 1) + 1, n, Long::sum));
    side.clear();
    side.putAll(merged);
  }

  private NativeHistogram sample() {
    long count = zeroCount;
    for (long n : positive.values()) {
      count += n;
    }
    for (long n : negative.values()) {
      count += n;
    }
    NativeHistogram.Builder builder =
        NativeHistogram.builder()
            .count(count)
            .sum(sum)
            .positive(spans(positive), populations(positive))
            .resetHint(kind == Kind.GAUGE ? ResetHint.GAUGE : ResetHint.UNKNOWN);
    return kind == Kind.CUSTOM
        ? builder.schema(NativeHistogram.CUSTOM_BUCKETS_SCHEMA).customBounds(BOUNDS).build()
        : builder
            .schema(schema)
            .zeroBucket(Math.scalb(1.0, zeroPower), zeroCount)
            .negative(spans(negative), populations(negative))
            .build();
  }

  private static int[] spans(TreeMap<Integer, Long> side) {
    int[] spans = new int[side.size() * 2];
    int n = 0;
    int next = 0;
    for (int i : side.keySet()) {
      if (n > 0 && i == next) {
        spans[n - 1]++;
      } else {
        spans[n++] = i - next;
        spans[n++] = 1;
      }
      next = i + 1;
    }
    return Arrays.copyOf(spans, n);
  }

  private static double[] populations(TreeMap<Integer, Long> side) {
    return side.values().stream().mapToDouble(Long::doubleValue).toArray();
  }
}
