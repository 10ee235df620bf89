package io.narthex.storage.tsdb.head;

import io.narthex.model.Matcher;
import io.narthex.storage.tsdb.index.Postings;
import io.narthex.storage.tsdb.index.Query;
import io.narthex.storage.tsdb.index.ValueTest;
import java.util.List;
import java.util.function.Consumer;
import org.roaringbitmap.PeekableIntIterator;
import org.roaringbitmap.RoaringBitmap;

/**
 * The series of the head as they were when it was made, read without a lock. A series that is made
 * afterwards is not seen, even where a list has it already: a query that is to see all or nothing
 * of a batch asks for {@link #fresh} ones when it takes samples. One that is removed may be found
 * or not; what it had is in blocks by then, so the list of blocks is read after this.
 */
public final class HeadView implements Postings, AutoCloseable {
  private final Head head;
  private final HeadIndex index;
  private RoaringBitmap all;
  private final RoaringBitmap outOfOrder;
  private final long minValidMs;
  private final long ticket;
  private boolean closed;

  private HeadView(Head head) {
    this.head = head;
    index = head.index();
    all = index.version();
    outOfOrder = head.outOfOrder().ids();
    minValidMs = head.minValidMs();
    ticket = head.enter();
  }

  /** Returns the series there are now. */
  public static HeadView of(Head head) {
    head.state.readLock().lock();
    try {
      return new HeadView(head);
    } finally {
      head.state.readLock().unlock();
    }
  }

  /** Returns the series that meet a query. */
  public RoaringBitmap select(Query query) {
    return seen(query.select(this));
  }

  /** Returns the series that meet any of the queries; no queries = all series. */
  public RoaringBitmap selectAny(List<Query> queries) {
    return seen(Query.selectAny(this, queries));
  }

  /** Returns the series made since, and sees them from now on. Under the head's state read lock. */
  public RoaringBitmap fresh() {
    RoaringBitmap now = index.version();
    RoaringBitmap fresh = now == all ? new RoaringBitmap() : RoaringBitmap.andNot(now, all);
    all = now;
    return fresh;
  }

  /** Adds those of some series that meet a query, by looking at each. */
  public void addMatching(Query query, RoaringBitmap some, RoaringBitmap into) {
    for (PeekableIntIterator i = some.getIntIterator(); i.hasNext(); ) {
      int id = i.next();
      HeadIndex.Pair[] pairs = head.pairs(id);
      if (pairs != null && query.matches(name -> HeadIndex.value(pairs, name))) {
        into.add(id);
      }
    }
  }

  private RoaringBitmap seen(RoaringBitmap found) {
    found.and(all);
    return found;
  }

  /** Returns whether a series may have samples in range, both ends inclusive. */
  public boolean mayHaveSamples(int id, long minTimeMs, long maxTimeMs) {
    long min = outOfOrder.isEmpty() ? Math.max(minTimeMs, minValidMs) : minTimeMs;
    return head.mayHaveSamples(id, min, maxTimeMs, outOfOrder);
  }

  @Override
  public RoaringBitmap all() {
    return all.clone();
  }

  @Override
  public int valueCount(String name) {
    return index.valueCount(name);
  }

  @Override
  public long count(String name, String value) {
    return index.count(name, value);
  }

  @Override
  public RoaringBitmap with(String name) {
    return index.with(name);
  }

  @Override
  public RoaringBitmap equal(String name, String value) {
    return index.equal(name, value);
  }

  @Override
  public RoaringBitmap where(String name, ValueTest test) {
    return index.where(name, test);
  }

  @Override
  public boolean retain(RoaringBitmap candidates, Matcher m) {
    return index.retain(candidates, m);
  }

  /** Calls the action with each value of a label that any of the series has, in no order. */
  public void forEachValue(String name, RoaringBitmap ids, Consumer<String> action) {
    index.forEachValue(name, ids, action);
  }

  /** Lets ids of removed series be used again. Idempotent. */
  @Override
  public void close() {
    if (!closed) {
      closed = true;
      head.leave(ticket);
    }
  }
}
