package io.narthex.spi.storage;

import io.narthex.model.Exemplar;
import io.narthex.model.NativeHistogram;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Samples on their way into a storage, as columns. The caller owns and reuses it; nothing is
 * allocated per sample once it has grown to its size. Not thread-safe.
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
  private int exemplarCount;
  private int[] exemplarRows = new int[0];
  private Exemplar[] exemplars = new Exemplar[0];

  /** Creates a batch with room for {@code capacity} samples; it grows as needed. */
  public SampleBatch(int capacity) {
    int n = Math.max(16, capacity);
    refs = new long[n];
    timesMs = new long[n];
    values = new double[n];
  }

  /** Empties the batch for the next use. */
  public void clear() {
    if (histograms != null) {
      Arrays.fill(histograms, 0, size, null);
    }
    if (startTimesMs != null) {
      Arrays.fill(startTimesMs, 0, size, NO_START_TIME);
    }
    Arrays.fill(exemplars, 0, exemplarCount, null);
    exemplarCount = 0;
    size = 0;
  }

  /** Returns how many samples the batch holds. */
  public int size() {
    return size;
  }

  /** Adds a float sample and returns its row. */
  public int add(long ref, long timeMs, double value) {
    if (size == refs.length) {
      grow();
    }
    refs[size] = ref;
    timesMs[size] = timeMs;
    values[size] = value;
    return size++;
  }

  /** Adds a histogram sample and returns its row. */
  public int add(long ref, long timeMs, NativeHistogram histogram) {
    int row = add(ref, timeMs, 0.0);
    if (histograms == null) {
      histograms = new NativeHistogram[refs.length];
    }
    histograms[row] = Objects.requireNonNull(histogram, "histogram");
    return row;
  }

  /** Sets the start time of a row, epoch milliseconds. */
  public void startTime(int row, long startMs) {
    if (startTimesMs == null) {
      startTimesMs = new long[refs.length];
    }
    startTimesMs[row] = startMs;
  }

  /** Attaches an exemplar to a row; its time is set. */
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
  }

  /** Returns the series reference of a row. */
  public long ref(int row) {
    return refs[row];
  }

  /** Replaces the series reference of a row. */
  public void ref(int row, long ref) {
    refs[row] = ref;
  }

  /** Returns the time of a row, epoch milliseconds. */
  public long timeMs(int row) {
    return timesMs[row];
  }

  /** Returns the value of a float row. */
  public double value(int row) {
    return values[row];
  }

  /** Returns the histogram of a row, or null for a float row. */
  public @Nullable NativeHistogram histogram(int row) {
    return histograms == null ? null : histograms[row];
  }

  /** Tells whether any row is a histogram. */
  public boolean hasHistograms() {
    return histograms != null;
  }

  /** Returns the start time of a row, or {@link #NO_START_TIME}. */
  public long startTimeMs(int row) {
    return startTimesMs == null ? NO_START_TIME : startTimesMs[row];
  }

  /** Tells whether any row may have a start time. */
  public boolean hasStartTimes() {
    return startTimesMs != null;
  }

  /** Returns how many exemplars the batch holds. */
  public int exemplarCount() {
    return exemplarCount;
  }

  /** Returns exemplar {@code index}. */
  public Exemplar exemplar(int index) {
    return exemplars[index];
  }

  /** Returns the row that exemplar {@code index} belongs to. */
  public int exemplarRow(int index) {
    return exemplarRows[index];
  }
}
