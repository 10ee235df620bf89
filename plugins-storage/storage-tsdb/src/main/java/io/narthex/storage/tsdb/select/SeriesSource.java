package io.narthex.storage.tsdb.select;

import io.narthex.model.Labels;
import io.narthex.storage.tsdb.chunks.ChunkRows;
import io.narthex.storage.tsdb.tombstones.TombstoneMap;
import org.jspecify.annotations.Nullable;

/** One of the places a cursor reads from: the head, its out-of-order samples, or a block. */
public abstract class SeriesSource {
  /** Rows read last; valid after {@link #nextRows} returned true. */
  public final ChunkRows rows = new ChunkRows();

  private boolean onSeries;
  private @Nullable Labels labels; // of the current series, once they have been asked for

  /** Moves to the next series in label order, if there is one: see {@link #isOnSeries}. */
  public abstract void nextSeries();

  /** Returns whether there is a current series. */
  public final boolean isOnSeries() {
    return onSeries;
  }

  /** Returns the labels of the current series. */
  public final Labels labels() {
    Labels made = labels;
    if (made == null) {
      made = makeLabels();
      labels = made;
    }
    return made;
  }

  /** Makes the labels of the current series. */
  protected abstract Labels makeLabels();

  /** Notes that there is another current series, or none. */
  protected final void moved(boolean toSeries) {
    onSeries = toSeries;
    labels = null;
  }

  /** Allows any order of the series. Before the first {@link #nextSeries}. */
  public void allowAnyOrder() {}

  /** Fills {@link #rows} with the next rows of the current series, at least one. */
  public abstract boolean nextRows();

  /** Frees what the source holds. Idempotent. */
  public abstract void close();

  /** Takes out rows beyond the range (both ends inclusive) and deleted ones. */
  public static void keep(
      ChunkRows rows, long minTimeMs, long maxTimeMs, long @Nullable [] deleted) {
    int n = rows.size;
    if (n > 0
        && deleted == null
        && rows.timesMs[0] >= minTimeMs
        && rows.timesMs[n - 1] <= maxTimeMs) {
      return;
    }
    int kept = 0;
    for (int i = 0; i < n; i++) {
      long t = rows.timesMs[i];
      if (t >= minTimeMs
          && t <= maxTimeMs
          && (deleted == null || !TombstoneMap.covers(deleted, t))) {
        if (kept != i) {
          rows.timesMs[kept] = t;
          rows.values[kept] = rows.values[i];
          if (rows.isHistogram) {
            rows.histograms()[kept] = rows.histograms()[i];
          }
          if (rows.hasStartTimes) {
            rows.startTimes()[kept] = rows.startTimes()[i];
          }
        }
        kept++;
      }
    }
    rows.size = kept;
  }
}
