package io.narthex.spi.storage;

import io.narthex.model.Exemplar;
import io.narthex.model.MetricMetadata;
import io.narthex.model.NativeHistogram;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Samples to be appended to a storage, as columns. The caller owns and reuses it; nothing is
 * allocated per sample once it has grown to its size. Not thread-safe.
 *
 * <p>Example, a caller that appends two samples of the series {@code up}:
 *
 * <pre>{@code
 * // one resolve per series, kept by the caller; one batch, reused
 * long ref = storage.resolve(up);
 * SampleBatch batch = new SampleBatch(2);
 * batch.add(ref, 1_700_000_000_000L, 1);
 * batch.add(ref, 1_700_000_015_000L, 0);
 * AppendResult result = storage.append(batch);
 * if (result.count(AppendResult.UNKNOWN_SERIES) > 0) { // the storage forgot the series
 *   long again = storage.resolve(up);
 *   for (int row = 0; row < batch.size(); row++) {
 *     batch.ref(row, again);
 *   }
 *   result = storage.append(batch);
 * }
 * batch.clear();
 * }</pre>
 */
public final class SampleBatch {
  /** The value of {@link #startTimeMs} for "no start time known". */
  public static final long NO_START_TIME = 0;

  private int size;
  private long[] refs;
  private long[] timesMs;
  private double[] values;
  private NativeHistogram @Nullable [] histograms; // null until the first histogram
  private long @Nullable [] startTimesMs; // null until the first start time
  private long @Nullable [] zerosMs; // null until the first zero
  private int exemplarCount;
  private int[] exemplarRows = new int[0];
  private Exemplar[] exemplars = new Exemplar[0];
  private final List<MetricMetadata> metadata = new ArrayList<>();

  /** Creates a batch with space for {@code capacity} samples; it grows as needed. */
  public SampleBatch(int capacity) {
    int n = Math.max(16, capacity);
    refs = new long[n];
    timesMs = new long[n];
    values = new double[n];
  }

  /** Removes all rows and exemplars. */
  public void clear() {
    if (histograms != null) {
      Arrays.fill(histograms, 0, size, null);
    }
    if (startTimesMs != null) {
      Arrays.fill(startTimesMs, 0, size, NO_START_TIME);
    }
    if (zerosMs != null) {
      Arrays.fill(zerosMs, 0, size, NO_START_TIME);
    }
    Arrays.fill(exemplars, 0, exemplarCount, null);
    exemplarCount = 0;
    size = 0;
    metadata.clear();
  }

  /** Returns the number of samples. */
  public int size() {
    return size;
  }

  /** Adds a float sample and returns its row, from 0. */
  public int add(long ref, long timeMs, double value) {
    if (size == refs.length) {
      grow();
    }
    refs[size] = ref;
    timesMs[size] = timeMs;
    values[size] = value;
    return size++;
  }

  /** Adds a histogram sample and returns its row, from 0. */
  public int add(long ref, long timeMs, NativeHistogram histogram) {
    int row = add(ref, timeMs, 0.0);
    if (histograms == null) {
      histograms = new NativeHistogram[refs.length];
    }
    histograms[row] = Objects.requireNonNull(histogram, "histogram");
    return row;
  }

  /** Sets the start timestamp of a row in epoch milliseconds. */
  public void startTime(int row, long startMs) {
    if (startTimesMs == null) {
      startTimesMs = new long[refs.length];
    }
    startTimesMs[row] = startMs;
  }

  /**
   * Asks for a zero where the series of a row begins: the value 0, or {@link #zeroOf} its
   * histogram. The storage adds it before the row if it is older than the row and newer than all
   * samples of the series; else, and when it is too old for the storage, it is left out without an
   * error. A storage built for an earlier version leaves out all of them.
   *
   * @param startMs epoch milliseconds
   * @since 1.5
   */
  public void zeroAt(int row, long startMs) {
    if (zerosMs == null) {
      zerosMs = new long[refs.length];
    }
    zerosMs[row] = startMs;
  }

  /** Attaches an exemplar, which must have a timestamp, to a row. A row may have several. */
  public void exemplar(int row, Exemplar exemplar) {
    if (exemplarCount == exemplars.length) {
      int n = Math.max(8, exemplarCount * 2);
      exemplars = Arrays.copyOf(exemplars, n);
      exemplarRows = Arrays.copyOf(exemplarRows, n);
    }
    exemplars[exemplarCount] = exemplar;
    exemplarRows[exemplarCount++] = row;
  }

  private void grow() {
    int n = refs.length * 2;
    refs = Arrays.copyOf(refs, n);
    timesMs = Arrays.copyOf(timesMs, n);
    values = Arrays.copyOf(values, n);
    if (histograms != null) {
      histograms = Arrays.copyOf(histograms, n);
    }
    if (startTimesMs != null) {
      startTimesMs = Arrays.copyOf(startTimesMs, n);
    }
    if (zerosMs != null) {
      zerosMs = Arrays.copyOf(zerosMs, n);
    }
  }

  /** Returns the series reference of a row. */
  public long ref(int row) {
    return refs[row];
  }

  /** Replaces the series reference of a row. */
  public void ref(int row, long ref) {
    refs[row] = ref;
  }

  /** Returns the timestamp of a row in epoch milliseconds. */
  public long timeMs(int row) {
    return timesMs[row];
  }

  /**
   * Returns whether all rows have the same timestamp, as those of a scrape have. Looks at each.
   *
   * @since 1.5
   */
  public boolean hasCommonTime() {
    for (int row = 1; row < size; row++) {
      if (timesMs[row] != timesMs[0]) {
        return false;
      }
    }
    return true;
  }

  /** Returns the value of a float row; undefined for a histogram row. */
  public double value(int row) {
    return values[row];
  }

  /** Returns the histogram of a row, or null for a float row. */
  public @Nullable NativeHistogram histogram(int row) {
    return histograms == null ? null : histograms[row];
  }

  /** Returns whether any row is a histogram. */
  public boolean hasHistograms() {
    return histograms != null;
  }

  /** Returns the start timestamp of a row in epoch milliseconds, or {@link #NO_START_TIME}. */
  public long startTimeMs(int row) {
    return startTimesMs == null ? NO_START_TIME : startTimesMs[row];
  }

  /** Returns whether any row may have a start timestamp. */
  public boolean hasStartTimes() {
    return startTimesMs != null;
  }

  /**
   * Returns where a zero is asked for, epoch milliseconds, or {@link #NO_START_TIME}.
   *
   * @since 1.5
   */
  public long zeroMs(int row) {
    return zerosMs == null ? NO_START_TIME : zerosMs[row];
  }

  /**
   * Returns whether any row may ask for a zero.
   *
   * @since 1.5
   */
  public boolean hasZeros() {
    return zerosMs != null;
  }

  /**
   * Returns the empty histogram with the buckets of another one, after a reset.
   *
   * @since 1.5
   */
  public static NativeHistogram zeroOf(NativeHistogram histogram) {
    return NativeHistogram.builder()
        .schema(histogram.schema())
        .zeroBucket(histogram.zeroThreshold(), 0)
        .customBounds(histogram.customBounds())
        .resetHint(NativeHistogram.ResetHint.RESET)
        .build();
  }

  /**
   * Adds the metadata of a family: of those new to the sender, or changed. A storage that is no
   * {@link MetadataStorage} leaves it out.
   *
   * @since 1.5
   */
  public void metadata(MetricMetadata family) {
    metadata.add(Objects.requireNonNull(family, "family"));
  }

  /**
   * Returns the number of families whose metadata has been added.
   *
   * @since 1.5
   */
  public int metadataCount() {
    return metadata.size();
  }

  /**
   * Returns metadata {@code index}, 0 to {@code metadataCount() - 1}; a later one of the same
   * family is newer.
   *
   * @since 1.5
   */
  public MetricMetadata metadata(int index) {
    return metadata.get(index);
  }

  /** Returns the number of exemplars. */
  public int exemplarCount() {
    return exemplarCount;
  }

  /** Returns exemplar {@code index}, 0 to {@code exemplarCount() - 1}. */
  public Exemplar exemplar(int index) {
    return exemplars[index];
  }

  /** Returns the row that exemplar {@code index} belongs to. */
  public int exemplarRow(int index) {
    return exemplarRows[index];
  }
}
