package io.narthex.query.series;

import io.narthex.model.Labels;
import io.narthex.query.histogram.Hist;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** One series of an instant vector over all steps. Filled once, then read-only. */
public final class StepSeries {
  /** Bytes that a step takes: its kind and its float. */
  public static final int STEP_BYTES = 9;

  /** About the bytes of a series without its steps: the object, array headers, labels. */
  private static final int HEAD_BYTES = 160;

  public static final byte NONE = 0;
  public static final byte FLOAT = 1;
  public static final byte HIST = 2;

  public final Labels labels;

  /** Whether the metric name is dropped at the end of the query. */
  public final boolean dropName;

  /** What each step holds. */
  public final byte[] kinds;

  public final double[] floats;
  public Hist @Nullable [] hists;

  public StepSeries(Labels labels, boolean dropName, int steps) {
    this(labels, dropName, new byte[steps], new double[steps], null);
  }

  private StepSeries(
      Labels labels, boolean dropName, byte[] kinds, double[] floats, Hist @Nullable [] hists) {
    this.labels = labels;
    this.dropName = dropName;
    this.kinds = kinds;
    this.floats = floats;
    this.hists = hists;
  }

  /** Returns a series with the same values, which are shared. */
  public StepSeries with(Labels newLabels, boolean newDropName) {
    return new StepSeries(newLabels, newDropName, kinds, floats, hists);
  }

  /** Returns an empty series in the same columns; this one may no longer be used. */
  public StepSeries reused(Labels newLabels, boolean newDropName) {
    Arrays.fill(kinds, NONE);
    return new StepSeries(newLabels, newDropName, kinds, floats, null);
  }

  public int steps() {
    return kinds.length;
  }

  public void set(int step, double value) {
    kinds[step] = FLOAT;
    floats[step] = value;
  }

  public void set(int step, Hist value) {
    Hist[] h = hists;
    if (h == null) {
      h = new Hist[kinds.length];
      hists = h;
    }
    kinds[step] = HIST;
    h[step] = value;
  }

  public void copy(int step, StepSeries from, int fromStep) {
    byte kind = from.kinds[fromStep];
    if (kind == FLOAT) {
      set(step, from.floats[fromStep]);
    } else if (kind == HIST) {
      set(step, from.hist(fromStep));
    }
  }

  public Hist hist(int step) {
    Hist[] h = hists;
    if (h == null) {
      throw new IllegalStateException("no histogram at step " + step);
    }
    return h[step];
  }

  /** Returns what a step costs of the memory budget: 1 for a float, more for a histogram. */
  public int samples(int step) {
    return kinds[step] == FLOAT ? 1 : kinds[step] == HIST ? hist(step).sampleSize() : 0;
  }

  /** Returns what all steps cost of the memory budget. */
  public long samples() {
    long n = 0;
    if (hists == null) {
      int floatsOnly = 0;
      for (byte k : kinds) {
        floatsOnly += k;
      }
      return floatsOnly;
    }
    for (int i = 0; i < kinds.length; i++) {
      n += samples(i);
    }
    return n;
  }

  /** Returns about how many bytes a series of floats takes. */
  public static long bytes(int steps) {
    return HEAD_BYTES + (long) STEP_BYTES * steps;
  }

  /** Returns about how many bytes this series takes. */
  public long bytes() {
    Hist[] h = hists;
    if (h == null) {
      return bytes(kinds.length);
    }
    long n = bytes(kinds.length) + 4L * h.length;
    Hist before = null;
    for (int i = 0; i < h.length; i++) {
      if (kinds[i] == HIST && h[i] != before) {
        before = h[i];
        n += before.bytes();
      }
    }
    return n;
  }

  public boolean isEmpty() {
    for (byte k : kinds) {
      if (k != NONE) {
        return false;
      }
    }
    return true;
  }
}
