package io.narthex.storage.tsdb.head;

import io.narthex.storage.tsdb.chunks.ChunkRows;

/**
 * The work of the head that nothing waits for at once: rows become chunks, series get into the
 * lists of their labels. In the order of the calls, for one thread at a time.
 */
interface HeadWork {
  /** Adds a series to the lists of its labels. */
  void list(int id, HeadIndex.Pair[] pairs);

  /** Returns where the rows of the next {@link #floats} go. */
  ChunkRows rows();

  /** Seals float rows of a series, those in {@link #rows}, behind its tail. */
  void floats(SeriesPage page, int slot);

  /** Seals the tail of a series, so that its chain is complete. */
  void tail(SeriesPage page, int slot);

  /** Seals rows behind the newest chunk of a series, which has no tail. Keeps none of them. */
  void chunk(SeriesPage page, int slot, ChunkRows rows);

  /** Returns when all is done: tails, chunks and lists may be read and changed until the next. */
  void settle();
}
