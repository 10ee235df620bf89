package io.narthex.storage.tsdb.block;

import io.narthex.model.Labels;
import io.narthex.spi.storage.StorageException;
import io.narthex.storage.tsdb.select.SeriesSource;
import io.narthex.storage.tsdb.tombstones.TombstoneMap;
import java.util.function.Consumer;
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
  private final Consumer<StorageException.Corrupt> damage;

  /** Retains the block. A damaged chunk is thrown. */
  public BlockSource(Block block, RoaringBitmap ids, long minTimeMs, long maxTimeMs) {
    this(
        block,
        ids,
        minTimeMs,
        maxTimeMs,
        damage -> {
          throw damage;
        });
  }

  /**
   * Retains the block.
   *
   * @param damage receives each chunk that cannot be read; reading continues with the next one
   */
  public BlockSource(
      Block block,
      RoaringBitmap ids,
      long minTimeMs,
      long maxTimeMs,
      Consumer<StorageException.Corrupt> damage) {
    block.retain();
    this.damage = damage;
    this.block = block;
    this.ids = ids.getIntIterator();
    this.minTimeMs = minTimeMs;
    this.maxTimeMs = maxTimeMs;
    tombstones = block.tombstones();
  }

  @Override
  public void nextSeries() {
    moved(false);
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
        moved(true);
        return;
      }
    }
    row.chunkCount = 0;
    ready = false;
  }

  @Override
  protected Labels makeLabels() {
    return block.labels(row);
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
        try {
          block.readChunk(row, i, reader, rows);
        } catch (StorageException.Corrupt e) {
          damage.accept(e);
          continue;
        }
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
      moved(false);
      block.release();
    }
  }
}
