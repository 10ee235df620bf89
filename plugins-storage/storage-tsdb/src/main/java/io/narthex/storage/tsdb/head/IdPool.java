package io.narthex.storage.tsdb.head;

import io.narthex.spi.storage.StorageException;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import org.jspecify.annotations.Nullable;
import org.roaringbitmap.RoaringBitmap;

/**
 * The ids of series: which are next, and how often each has been used. Changes hold the head's
 * locks, {@link #next} and checkpoints the append lock alone.
 *
 * <p>The id of a removed series rests until
 *
 * <ul>
 *   <li>nobody reads who began before the removal: a list that he has may have the id;
 *   <li>a checkpoint that was begun after the removal is complete: until then a start would read
 *       records of the previous owner, its exemplars and deletes. So no record for an id in use
 *       ever has to be read, which earlier versions do not know.
 * </ul>
 */
final class IdPool {
  private static final int GENERATION_SHIFT = 32;

  private int end;

  /** By page; null = no id of the page has been removed. */
  private byte[] @Nullable [] generations = new byte[16][];

  private final RoaringBitmap free = new RoaringBitmap();
  private final Deque<Resting> resting = new ArrayDeque<>();
  private long removals;
  private long removalsOnDisk; // earlier ones are not on the disk any more

  /** Ids that were removed together. */
  private record Resting(RoaringBitmap ids, long moment, long removal) {}

  /** Returns the reference of an id: the id with its generation. */
  long reference(int id) {
    byte[] page = generations[id >>> SeriesPage.BITS];
    long generation = page == null ? 0 : page[id & SeriesPage.MASK] & 0xffL;
    return (generation << GENERATION_SHIFT) | id;
  }

  /** Returns whether a reference to a series that is there is of its present owner. */
  boolean isCurrent(long reference) {
    return reference == reference((int) reference);
  }

  /** Makes the references to an id mean nothing from now on. */
  void outdate(int id) {
    byte[] page = generations[id >>> SeriesPage.BITS];
    if (page == null) {
      page = new byte[SeriesPage.SIZE];
      generations[id >>> SeriesPage.BITS] = page;
    }
    page[id & SeriesPage.MASK]++;
  }

  /** Returns the id for a new series. */
  int next(Readers readers) {
    while (!resting.isEmpty()) {
      Resting oldest = resting.element();
      if (oldest.removal() >= removalsOnDisk || !readers.allBeganSince(oldest.moment())) {
        break;
      }
      free.or(oldest.ids());
      resting.remove();
    }
    if (!free.isEmpty()) {
      return free.first(); // the lowest: pages fill up, and those behind become empty
    }
    if (end == Integer.MAX_VALUE - 1) {
      throw new StorageException.Failed("tsdb: no series ids are left, got " + end);
    }
    return end;
  }

  /** Notes that an id is used. */
  void take(int id) {
    free.remove(id);
    atLeast(id + 1);
    int page = id >>> SeriesPage.BITS;
    if (page >= generations.length) {
      generations = Arrays.copyOf(generations, Math.max(page + 1, generations.length * 2));
    }
  }

  /** Makes {@link #end} at least so much. */
  void atLeast(int more) {
    end = Math.max(end, more);
  }

  /** Returns the lowest id that has never been used. */
  int end() {
    return end;
  }

  /** Lets ids of removed series rest. */
  void rest(RoaringBitmap ids, Readers readers) {
    resting.add(new Resting(ids, readers.now(), removals++));
  }

  /** Lets ids that nothing has after a start rest. */
  void recovered(RoaringBitmap used, Readers readers) {
    RoaringBitmap gaps = RoaringBitmap.flip(used, 0L, (long) end);
    if (!gaps.isEmpty()) {
      rest(gaps, readers);
    }
  }

  long checkpointBegun() {
    return removals;
  }

  void checkpointWritten(long begun) {
    removalsOnDisk = Math.max(removalsOnDisk, begun);
  }
}
