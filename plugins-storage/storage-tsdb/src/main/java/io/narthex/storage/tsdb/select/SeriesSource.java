package io.narthex.storage.tsdb.select;

import io.narthex.model.Labels;
import io.narthex.storage.tsdb.chunks.ChunkRows;
import io.narthex.storage.tsdb.tombstones.TombstoneMap;
import org.jspecify.annotations.Nullable;

/** One of the places a cursor reads from: the head, its out-of-order samples, or a block. */
public abstract class SeriesSource {
  /** Rows read last; valid after {@link #nextRows} returned true. */
  public final ChunkRows rows = new ChunkRows();

  /** Labels of the current series; null = at the end. */
  public @Nullable Labels labels;

  /** Moves to the next series in label order and sets {@link #labels}. */
  public abstract void nextSeries();

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
