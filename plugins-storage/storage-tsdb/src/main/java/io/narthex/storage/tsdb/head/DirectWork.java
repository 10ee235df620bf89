package io.narthex.storage.tsdb.head;

import io.narthex.storage.tsdb.chunks.ChunkCodec;
import io.narthex.storage.tsdb.chunks.ChunkRows;
import io.narthex.storage.tsdb.io.ByteSink;

/**
 * Does it at once. An error leaves tail and chunks of the series as they were. Under the append
 * lock, or at a start; holds scratch memory.
 */
final class DirectWork implements HeadWork {
  private final HeadIndex index;
  private final HeadChunks chunks;
  private final ChunkCodec codec = new ChunkCodec();
  private final ByteSink scratch = new ByteSink(4096);
  private final ChunkRows rows = new ChunkRows();
  private final ByteSink tailScratch = new ByteSink(512);
  private final Tail.Reader tailReader = new Tail.Reader();
  private final ChunkRows tailRows = new ChunkRows();
  private final ChunkRows tailChunk = new ChunkRows();

  DirectWork(HeadIndex index, HeadChunks chunks) {
    this.index = index;
    this.chunks = chunks;
  }

  @Override
  public void list(int id, HeadIndex.Pair[] pairs) {
    index.add(id, pairs);
  }

  @Override
  public ChunkRows rows() {
    return rows;
  }

  @Override
  public void floats(SeriesPage page, int slot) {
    floats(page, slot, rows);
  }

  void floats(SeriesPage page, int slot, ChunkRows newer) {
    byte[] tail = page.tail[slot];
    if (Tail.count(tail) < tailChunks(page, slot) - 1) {
      if (page.tailBaseMs == SeriesPage.NEVER) {
        page.tailBaseMs = newer.timesMs[0];
      }
      page.tail[slot] = Tail.append(tail, codec, newer, page.tailBaseMs, tailScratch, scratch);
    } else {
      collectTail(page, slot);
      for (int i = 0; i < newer.size; i++) {
        tailRows.add(newer, i);
      }
      chunk(page, slot, tailRows);
      page.tail[slot] = null;
    }
  }

  /**
   * Returns how many small chunks are rewritten into one. Series that are scraped together would
   * all have long tails at the same time, and be sealed by the same batch: their first chunks
   * differ in length.
   */
  private static int tailChunks(SeriesPage page, int slot) {
    return page.chunk[slot] == 0 ? 1 + slot % Tail.CHUNKS : Tail.CHUNKS;
  }

  /** Reads all rows of a tail into {@link #tailRows}. */
  private void collectTail(SeriesPage page, int slot) {
    tailRows.clear(false);
    tailReader.reset(page.tail[slot], page.tailBaseMs);
    while (tailReader.next(codec, tailChunk)) {
      for (int i = 0; i < tailChunk.size; i++) {
        tailRows.add(tailChunk, i);
      }
    }
  }

  @Override
  public void tail(SeriesPage page, int slot) {
    if (page.tail[slot] != null) {
      collectTail(page, slot);
      chunk(page, slot, tailRows);
      page.tail[slot] = null;
    }
  }

  @Override
  public void chunk(SeriesPage page, int slot, ChunkRows sealed) {
    long last = page.chunk[slot];
    for (int from = 0; from < sealed.size; ) {
      int n = ChunkCodec.sameLayout(sealed, from);
      last = chunks.put(page.firstId | slot, codec, sealed, from, n, last, scratch);
      from += n;
    }
    page.chunk[slot] = last;
  }

  @Override
  public void settle() {
    // nothing waits
  }
}
