package io.narthex.storage.tsdb.select;

import io.narthex.model.Labels;
import io.narthex.spi.storage.SampleTile;
import io.narthex.spi.storage.SeriesCursor;
import io.narthex.storage.tsdb.chunks.ChunkCodec;
import io.narthex.storage.tsdb.chunks.ChunkRows;
import io.narthex.storage.tsdb.chunks.SampleBytes;
import java.util.List;

/**
 * Merges sources by labels, and the rows of a series by time. Where two sources have the same time,
 * the earlier source in the list wins.
 */
public final class TsdbCursor implements SeriesCursor {
  private final SeriesSource[] sources;
  private final boolean startTimesWanted;
  private final SeriesSource[] active; // sources that have the current series
  private final int[] at; // next row of each active source; -1 = no rows left
  private int activeCount;
  private int left; // series
  private boolean started;
  private boolean closed;

  public TsdbCursor(List<? extends SeriesSource> sources, boolean startTimesWanted) {
    this(sources, startTimesWanted, 0);
  }

  /**
   * Creates a cursor.
   *
   * @param limit most series; 0 = all
   */
  public TsdbCursor(List<? extends SeriesSource> sources, boolean startTimesWanted, int limit) {
    left = limit == 0 ? Integer.MAX_VALUE : limit;
    this.sources = sources.toArray(new SeriesSource[0]);
    this.startTimesWanted = startTimesWanted;
    active = new SeriesSource[this.sources.length];
    at = new int[this.sources.length];
  }

  @Override
  public boolean nextSeries() {
    if (closed || left == 0) {
      activeCount = 0;
      return false;
    }
    left -= left == Integer.MAX_VALUE ? 0 : 1;
    if (!started) {
      started = true;
      for (SeriesSource s : sources) {
        s.nextSeries();
      }
    } else {
      for (int i = 0; i < activeCount; i++) {
        active[i].nextSeries();
      }
    }
    activeCount = 0;
    for (SeriesSource s : sources) {
      if (s.isOnSeries()) {
        // label sets are made only to be compared, or for the reader
        int order = activeCount == 0 ? 0 : s.labels().compareTo(active[0].labels());
        if (order < 0) {
          activeCount = 0;
        }
        if (order <= 0) {
          active[activeCount++] = s;
        }
      }
    }
    for (int i = 0; i < activeCount; i++) {
      at[i] = active[i].nextRows() ? 0 : -1;
    }
    return activeCount > 0;
  }

  @Override
  public Labels labels() {
    if (activeCount == 0) {
      throw new IllegalStateException("cursor: not on a series; call nextSeries first");
    }
    return active[0].labels();
  }

  @Override
  public boolean nextTile(SampleTile tile) {
    tile.size = 0;
    if (closed) {
      return false;
    }
    boolean first = true;
    long bytes = 0; // of histograms
    while (tile.size < tile.capacity() && bytes < ChunkCodec.HISTOGRAM_BYTES) {
      int s = earliest();
      if (s < 0) {
        break;
      }
      ChunkRows rows = active[s].rows;
      if (first) {
        first = false;
        tile.kind = rows.isHistogram ? SampleTile.Kind.HISTOGRAM : SampleTile.Kind.FLOAT;
      } else if (rows.isHistogram != (tile.kind == SampleTile.Kind.HISTOGRAM)) {
        break;
      }
      int from = tile.size;
      copy(tile, s, rows);
      if (tile.kind == SampleTile.Kind.HISTOGRAM) {
        for (int i = from; i < tile.size; i++) {
          bytes += SampleBytes.of(tile.histograms[i]);
        }
      }
    }
    return tile.size > 0;
  }

  private int earliest() {
    int best = -1;
    long bestTime = 0;
    for (int i = 0; i < activeCount; i++) {
      if (at[i] >= 0) {
        long t = active[i].rows.timesMs[at[i]];
        if (best < 0 || t < bestTime) {
          best = i;
          bestTime = t;
        }
      }
    }
    return best;
  }

  /** Copies rows of source {@code s} up to the next row of another source. */
  private void copy(SampleTile tile, int s, ChunkRows rows) {
    int from = at[s];
    int n = Math.min(rows.size - from, tile.capacity() - tile.size);
    long limit = Long.MAX_VALUE;
    boolean limited = false;
    for (int i = 0; i < activeCount; i++) {
      if (i != s && at[i] >= 0) {
        limited = true;
        limit = Math.min(limit, active[i].rows.timesMs[at[i]]);
      }
    }
    if (limited) {
      int fits = 1; // the first is the earliest of all
      while (fits < n && rows.timesMs[from + fits] < limit) {
        fits++;
      }
      n = fits;
    }
    System.arraycopy(rows.timesMs, from, tile.timesMs, tile.size, n);
    if (rows.isHistogram) {
      System.arraycopy(rows.histograms(), from, tile.histograms, tile.size, n);
    } else {
      System.arraycopy(rows.values, from, tile.values, tile.size, n);
    }
    if (startTimesWanted) {
      for (int i = 0; i < n; i++) {
        tile.startTimesMs[tile.size + i] = rows.startTimeMs(from + i);
      }
    }
    tile.size += n;
    long last = rows.timesMs[from + n - 1];
    for (int i = 0; i < activeCount; i++) {
      skipTo(i, last);
    }
  }

  /** Moves an active source past {@code timeMs}. */
  private void skipTo(int i, long timeMs) {
    while (at[i] >= 0) {
      ChunkRows rows = active[i].rows;
      while (at[i] < rows.size && rows.timesMs[at[i]] <= timeMs) {
        at[i]++;
      }
      if (at[i] < rows.size) {
        return;
      }
      at[i] = active[i].nextRows() ? 0 : -1;
    }
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      activeCount = 0;
      for (SeriesSource s : sources) {
        s.close();
      }
    }
  }
}
