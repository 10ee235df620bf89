package io.narthex.storage.tsdb.block;

import io.narthex.model.Labels;
import io.narthex.storage.tsdb.index.Query;
import io.narthex.storage.tsdb.io.Interruption;
import io.narthex.storage.tsdb.select.Listing;
import io.narthex.storage.tsdb.select.SeriesSource;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import org.roaringbitmap.PeekableIntIterator;
import org.roaringbitmap.RoaringBitmap;

/** The blocks of a range of time, which stay readable without a lock until this is closed. */
public final class PinnedBlocks implements AutoCloseable {
  private final List<Block> blocks = new ArrayList<>();
  private final long minTimeMs;
  private final long maxTimeMs;

  /** Under the head's state lock, so that no block is released meanwhile. */
  PinnedBlocks(List<Block> all, long minTimeMs, long maxTimeMs) {
    this.minTimeMs = minTimeMs;
    this.maxTimeMs = maxTimeMs;
    for (Block b : all) {
      if (b.overlaps(minTimeMs, maxTimeMs)) {
        b.retain();
        blocks.add(b);
      }
    }
  }

  /** Releases the blocks. Idempotent. */
  @Override
  public void close() {
    blocks.forEach(Block::release);
    blocks.clear();
  }

  /**
   * Adds a source for each block that has matching series; each keeps its block.
   *
   * @param outOfOrder whether those of out-of-order samples are meant, or the others. What came in
   *     order is read where both have a time, so the head goes between the two
   */
  public void select(Query query, boolean outOfOrder, List<SeriesSource> into) {
    for (Block b : blocks) {
      if (b.meta.outOfOrder() != outOfOrder) {
        continue;
      }
      RoaringBitmap ids = query.select(b);
      if (!ids.isEmpty()) {
        into.add(new BlockSource(b, ids, minTimeMs, maxTimeMs));
      }
    }
  }

  /** Receives the rows of matching series; returns whether it wants more of the block. */
  private interface RowAction {
    boolean row(Block block, Block.Row row);
  }

  private void forEachRow(List<Query> queries, Listing<?> steps, RowAction action) {
    Block.Row row = new Block.Row();
    for (Block b : blocks) {
      boolean more = true;
      for (PeekableIntIterator i = Query.selectAny(b, queries).getIntIterator();
          more && i.hasNext(); ) {
        steps.step();
        b.row(i.next(), row);
        if (Block.anyChunk(row, minTimeMs, maxTimeMs)) {
          more = action.row(b, row);
        }
      }
    }
  }

  /** Adds the labels of matching series. */
  public void series(List<Query> queries, Listing<Labels> into) {
    // a block has its series in label order: behind one that is too late there is nothing to find
    forEachRow(queries, into, (b, row) -> into.add(b.labels(row)));
  }

  /** Returns the labels of matching series of each block, in label order. */
  public List<Iterator<Labels>> series(List<Query> queries) {
    List<Iterator<Labels>> all = new ArrayList<>();
    for (Block b : blocks) {
      all.add(new LabelsOfBlock(b, Query.selectAny(b, queries).getIntIterator()));
    }
    return all;
  }

  /** A block has its series in label order. */
  private final class LabelsOfBlock implements Iterator<Labels> {
    private final Block block;
    private final PeekableIntIterator ids;
    private final Block.Row row = new Block.Row();
    private final Interruption interruption = new Interruption("list of series");
    private boolean ready;

    LabelsOfBlock(Block block, PeekableIntIterator ids) {
      this.block = block;
      this.ids = ids;
    }

    @Override
    public boolean hasNext() {
      while (!ready && ids.hasNext()) {
        interruption.step();
        block.row(ids.next(), row);
        ready = Block.anyChunk(row, minTimeMs, maxTimeMs);
      }
      return ready;
    }

    @Override
    public Labels next() {
      if (!hasNext()) {
        throw new NoSuchElementException();
      }
      ready = false;
      return block.labels(row);
    }
  }

  /** Adds the label names of matching series. */
  public void labelNames(List<Query> queries, Listing<String> into) {
    if (queries.isEmpty()) {
      for (Block b : blocks) {
        b.names().keySet().forEach(into::add);
      }
      return;
    }
    forEachRow(
        queries,
        into,
        (b, row) -> {
          Block.forEachPair(
              row,
              pair -> {
                into.add(b.name(pair));
                return true;
              });
          return true;
        });
  }

  /** Adds the values that matching series have of a label. */
  public void labelValues(String name, List<Query> queries, Listing<String> into) {
    if (queries.isEmpty()) {
      for (Block b : blocks) {
        Block.Name n = b.names().get(name);
        boolean more = true; // values are in order
        for (int i = 0; n != null && more && i < n.count(); i++) {
          more = into.add(b.value(n.first() + i));
        }
      }
      return;
    }
    for (Block b : blocks) {
      Block.Name n = b.names().get(name);
      if (n != null) {
        labelValues(b, n, Query.selectAny(b, queries), into);
      }
    }
  }

  private void labelValues(Block b, Block.Name n, RoaringBitmap ids, Listing<String> into) {
    Block.Row row = new Block.Row();
    if (ids.getCardinality() < n.count()) {
      for (PeekableIntIterator i = ids.getIntIterator(); i.hasNext(); ) {
        into.step();
        b.row(i.next(), row);
        if (Block.anyChunk(row, minTimeMs, maxTimeMs)) {
          Block.forEachPair(
              row,
              pair -> {
                boolean found = pair >= n.first() && pair < n.first() + n.count();
                if (found) {
                  into.add(b.value(pair));
                }
                return !found;
              });
        }
      }
      return;
    }
    boolean more = true; // values are in order
    for (int pair = n.first(); more && pair < n.first() + n.count(); pair++) {
      into.step();
      if (hasSamples(b, b.among(ids, pair), row)) {
        more = into.add(b.value(pair));
      }
    }
  }

  /** Returns whether any of the series has samples in range; the first that has ends the search. */
  private boolean hasSamples(Block b, RoaringBitmap ids, Block.Row row) {
    if (minTimeMs <= b.meta.minTimeMs() && maxTimeMs >= b.meta.maxTimeMs() - 1) {
      return !ids.isEmpty();
    }
    for (PeekableIntIterator i = ids.getIntIterator(); i.hasNext(); ) {
      b.row(i.next(), row);
      if (Block.anyChunk(row, minTimeMs, maxTimeMs)) {
        return true;
      }
    }
    return false;
  }
}
