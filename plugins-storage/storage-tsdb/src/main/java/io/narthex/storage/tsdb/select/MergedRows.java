package io.narthex.storage.tsdb.select;

import io.narthex.model.Labels;
import io.narthex.spi.storage.SampleTile;
import io.narthex.storage.tsdb.chunks.ChunkCodec;
import io.narthex.storage.tsdb.chunks.ChunkRows;
import java.util.List;

/** The rows of several sources as if they were one. */
public final class MergedRows {
  private final TsdbCursor cursor;
  private final SampleTile tile = new SampleTile(ChunkCodec.MAX_ROWS);
  private final ChunkRows rows = new ChunkRows();

  public MergedRows(List<? extends SeriesSource> sources) {
    cursor = new TsdbCursor(sources, true);
  }

  public boolean nextSeries() {
    return cursor.nextSeries();
  }

  public Labels labels() {
    return cursor.labels();
  }

  public boolean nextRows() {
    if (!cursor.nextTile(tile)) {
      return false;
    }
    boolean isHistogram = tile.kind == SampleTile.Kind.HISTOGRAM;
    rows.clear(isHistogram);
    for (int i = 0; i < tile.size; i++) {
      rows.add(
          tile.timesMs[i],
          isHistogram ? 0 : tile.values[i],
          isHistogram ? tile.histograms[i] : null,
          tile.startTimesMs[i]);
    }
    return true;
  }

  public ChunkRows rows() {
    return rows;
  }
}
