package io.narthex.storage.tsdb.head;

import io.narthex.storage.tsdb.chunks.ChunkCodec;
import io.narthex.storage.tsdb.head.ChunkFiles.Mapped;
import io.narthex.storage.tsdb.head.HeadChunks.Page;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.roaringbitmap.RoaringBitmap;

/**
 * Chains of chunks past those that are damaged or missing: a chunk that follows one continues with
 * the newest older chunk of its series, unless the head may have chunks of a series that had its id
 * before. Made at a start that has found damage, by going through all chunks once.
 */
final class ChunkChains {
  private final @Nullable Page[] pages;
  private final Map<Integer, Set<Integer>> whole = new HashMap<>(); // of damaged pages, by position
  private final @Nullable RoaringBitmap earlier;
  private long[] newest = new long[1024]; // by series

  private ChunkChains(@Nullable Page[] pages, @Nullable RoaringBitmap earlier) {
    this.pages = pages;
    this.earlier = earlier;
  }

  /**
   * Joins the chains.
   *
   * @param mapped the pages, which the head has taken
   * @param earlier ids that chunks have an earlier owner of; null = not known
   */
  static ChunkChains join(HeadChunks chunks, List<Mapped> mapped, @Nullable RoaringBitmap earlier) {
    ChunkChains chains = new ChunkChains(chunks.snapshot(), earlier);
    for (Mapped m : mapped) {
      Set<Integer> some = m.whole();
      if (some != null) {
        chains.whole.put(m.page().number - chunks.base(), some);
      }
    }
    PageScan scan = new PageScan();
    byte[] bytes = new byte[0];
    for (Mapped m : mapped) {
      Page page = m.page();
      if (bytes.length < page.used + ChunkCodec.SLACK) {
        bytes = new byte[page.used + ChunkCodec.SLACK];
      }
      Set<Integer> some = m.whole();
      if (some == null || !some.isEmpty()) {
        page.copy(0, page.used, bytes);
        scan.reset(bytes, page.used, page.number);
        chains.join(page, page.number - chunks.base(), scan, some != null);
      }
    }
    return chains;
  }

  private void join(Page page, int position, PageScan scan, boolean damaged) {
    while (damaged ? scan.nextWhole() : scan.next()) {
      if (scan.back() >= 0) {
        int before = (int) (position - scan.back());
        if (before > 0 && !isWhole(HeadChunks.reference(before, scan.beforeOffset()))) {
          page.rejoin(scan.offset(), newest(scan.id()));
        }
      }
      if (scan.id() >= newest.length) {
        newest = Arrays.copyOf(newest, Math.max(scan.id() + 1, newest.length * 2));
      }
      newest[scan.id()] = HeadChunks.reference(position, scan.offset());
    }
  }

  /** Returns whether a chunk can be read. */
  boolean isWhole(long reference) {
    int position = HeadChunks.position(reference);
    Set<Integer> some = whole.get(position);
    return HeadChunks.exists(pages, reference) && (some == null || some.contains((int) reference));
  }

  /**
   * Returns the newest whole chunk of a series, 0 = there is none, or it may be one of the series
   * that had the id before.
   */
  long newest(int id) {
    boolean own = earlier != null && !earlier.contains(id);
    return own && id < newest.length ? newest[id] : 0;
  }
}
