package io.narthex.storage.tsdb.head;

import io.narthex.storage.tsdb.chunks.ChunkCodec;
import io.narthex.storage.tsdb.chunks.ChunkRows;
import io.narthex.storage.tsdb.head.SeriesPage.HistogramTail;
import io.narthex.storage.tsdb.io.ByteSource;
import org.jspecify.annotations.Nullable;

/**
 * Finds the oldest sample in order that a series has from a time on, also in a chunk that begins
 * before: one that spans a jump of the clock has hours, or years, without samples in it. Holds
 * scratch memory.
 */
final class OldestSample {
  private final ByteSource in = new ByteSource();
  private final HeadChunks.Scratch scratch = new HeadChunks.Scratch();
  private final ChunkCodec codec = new ChunkCodec();
  private final ChunkRows rows = new ChunkRows();
  private final Tail.Reader tail = new Tail.Reader();

  /**
   * Returns its time. Under the head's state read lock.
   *
   * @param pages of sealed chunks
   * @param fromMs at most the time of the newest sample of the series
   */
  long find(SeriesPage page, int slot, HeadChunks.@Nullable Page[] pages, long fromMs) {
    long oldest = page.newestMs[slot];
    page.open.read(slot, in, rows);
    oldest = Math.min(oldest, first(rows, fromMs));
    HistogramTail waiting = page.histogramTail(slot);
    if (waiting != null) {
      oldest = Math.min(oldest, first(waiting.rows, fromMs));
    }
    tail.reset(page.tail[slot], page.tailBaseMs);
    while (tail.next(codec, rows)) {
      oldest = Math.min(oldest, first(rows, fromMs));
    }
    long reference = page.chunk[slot];
    while (HeadChunks.exists(pages, reference)) {
      long before = HeadChunks.open(pages, reference, in, scratch);
      long baseMs = HeadChunks.baseMs(pages, reference);
      long start = ChunkCodec.firstTime(in, baseMs);
      if (start < fromMs) {
        HeadChunks.open(pages, reference, in, scratch);
        try {
          codec.read(in, baseMs, rows);
        } catch (ByteSource.Malformed e) {
          return fromMs; // whoever reads its samples says so
        }
        return Math.min(oldest, first(rows, fromMs));
      }
      oldest = start;
      reference = before;
    }
    return oldest;
  }

  private static long first(ChunkRows rows, long fromMs) {
    for (int i = 0; i < rows.size; i++) {
      if (rows.timesMs[i] >= fromMs) {
        return rows.timesMs[i];
      }
    }
    return Long.MAX_VALUE;
  }
}
