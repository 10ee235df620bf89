package io.narthex.storage.tsdb.block;

import io.narthex.storage.tsdb.select.SeriesSource;
import io.narthex.storage.tsdb.tombstones.TombstoneMap;
import org.roaringbitmap.PeekableIntIterator;
import org.roaringbitmap.RoaringBitmap;

/** Reads series of a block in label order. Holds the block until closed. */
public final class BlockSource extends SeriesSource {
  private final Block block;
  private final PeekableIntIterator ids;
  private final long minTimeMs;
  private final long maxTimeMs;
  private final TombstoneMap tombstones;
  private final Block.Row row = new Block.Row();
  private final Block.ChunkReader reader = new Block.ChunkReader();
  private int nextChunk;
  private boolean ready; // the first rows of the current series are in rows already
  private long @org.jspecify.annotations.Nullable [] deleted;
  private boolean closed;

  /** Retains the block. */
  public BlockSource(Block block, RoaringBitmap ids, long minTimeMs, long maxTimeMs) {
    block.retain();
    this.block = block;
    this.ids = ids.getIntIterator();
    this.minTimeMs = minTimeMs;
    this.maxTimeMs = maxTimeMs;
    tombstones = block.tombstones();
  }

  @Override
  public void nextSeries() {
    labels = null;
    while (!closed && ids.hasNext()) {
      int id = ids.next();
      block.row(id, row);
      if (!Block.anyChunk(row, minTimeMs, maxTimeMs)) {
        continue;
      }
      deleted = tombstones.of(id);
      nextChunk = 0;
      ready = false;
      if (nextRows()) {
        ready = true;
        labels = block.labels(row);
        return;
      }
    }
    row.chunkCount = 0;
    ready = false;
  }

  @Override
  public boolean nextRows() {
    if (ready) {
      ready = false;
      return true;
    }
    while (!closed && nextChunk < row.chunkCount) {
      int i = nextChunk++;
      if (row.minMs[i] <= maxTimeMs && row.maxMs[i] >= minTimeMs) {
        block.readChunk(row, i, reader, rows);
        keep(rows, minTimeMs, maxTimeMs, deleted);
        if (rows.size > 0) {
          return true;
        }
      }
    }
    return false;
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      labels = null;
      block.release();
    }
  }
}
