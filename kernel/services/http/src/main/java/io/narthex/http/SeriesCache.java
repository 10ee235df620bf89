package io.narthex.http;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The references of series by the bytes of their labels, so that a known series of a request costs
 * neither strings nor a label set. A reference that the storage no longer knows is replaced by the
 * next {@link #put}.
 *
 * <p>Of a key 96 bits of a hash are kept, about 32 bytes a series: the keys themselves would be
 * larger than all else that the head knows of a series. Of a million series two have the same 96
 * bits once in 10^17 times. The hash has a seed; whoever finds keys that collide mixes up series
 * that he writes himself.
 *
 * <p>Senders repeat series in the same order: what comes after a key is compared with the key that
 * was put after it, which is next to it in memory, before it is looked up.
 *
 * <p>Every half an hour the table becomes the old one, and what was old and not asked for since is
 * forgotten, as a storage may give the reference of a series that has ended to another one after
 * long; ten minutes later, when most senders have asked for all of theirs again, the old table
 * goes. Both together are bounded in bytes: what is too much goes with the old table, or with all.
 * Thread-safe.
 */
final class SeriesCache {
  /** The reference of a series that is not in the cache. */
  static final long NONE = Long.MIN_VALUE;

  /** Bytes of an entry with two slots. */
  private static final int ENTRY_BYTES = 8 + 4 + 8 + 4 + 2 * 4;

  private static final int SHARDS = 16; // powers of two
  private static final int SHARD_SHIFT = 60;
  private static final long TURN_NANOS = TimeUnit.MINUTES.toNanos(30);
  private static final long OLD_NANOS = TimeUnit.MINUTES.toNanos(10);
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private final long seed1;
  private final long seed2;
  private final long seed3;
  private final long seed4;
  private final Shard[] shards = new Shard[SHARDS];

  /**
   * Creates a cache.
   *
   * @param maxBytes most memory
   * @param nanoTime the time, as of System.nanoTime
   */
  SeriesCache(long maxBytes, LongSupplier nanoTime) {
    SplittableRandom random = new SplittableRandom();
    seed1 = random.nextLong();
    seed2 = random.nextLong();
    seed3 = random.nextLong();
    seed4 = random.nextLong();
    for (int i = 0; i < SHARDS; i++) {
      shards[i] = new Shard(Math.max(maxBytes / SHARDS, 4096), nanoTime);
    }
  }

  /** What is known of a series; reused by the caller for those that follow. */
  static final class Found {
    long ref = NONE;
    int metadata;
    private final @Nullable Table[] tables = new Table[SHARDS]; // by shard: where the last one was
    private final int[] entries = new int[SHARDS];
  }

  /**
   * Looks a series up; {@code found.ref} is {@link #NONE} when it is not there.
   *
   * @param key an array that has the key from {@code from} on
   */
  void find(byte[] key, int from, int length, Found found) {
    long hash = hash(key, from, length);
    int shard = (int) (hash >>> SHARD_SHIFT);
    shards[shard].find(hash, check(key, from, length), found, shard);
  }

  /**
   * Adds or replaces a series.
   *
   * @param metadata a number that tells one state of its metadata from another
   */
  void put(byte[] key, int from, int length, long ref, int metadata) {
    long hash = hash(key, from, length);
    shards[(int) (hash >>> SHARD_SHIFT)].put(hash, check(key, from, length), ref, metadata);
  }

  /** Forgets all: the references belong to a storage that has been replaced. */
  void clear() {
    for (Shard shard : shards) {
      shard.clear();
    }
  }

  /** Multiplies 64 bits to 128 and folds them, as wyhash does; the shard is in the highest bits. */
  private long hash(byte[] b, int from, int length) {
    return hash(b, from, length, seed1, seed2);
  }

  /** The same with other seeds: 32 bits that tell apart what has the same hash. */
  private int check(byte[] b, int from, int length) {
    return (int) (hash(b, from, length, seed3, seed4) >>> Integer.SIZE);
  }

  private static long hash(byte[] b, int from, int length, long seed, long other) {
    long h = seed ^ length;
    int i = from;
    int to = from + length;
    for (; i + 16 <= to; i += 16) {
      h = fold((long) LONG.get(b, i) ^ other, (long) LONG.get(b, i + 8) ^ h);
    }
    if (i + 8 <= to) {
      h = fold((long) LONG.get(b, i) ^ other, h);
      i += 8;
    }
    long rest = 0;
    for (; i < to; i++) {
      rest = rest << 8 | b[i] & 0xff;
    }
    return fold(h ^ rest, other ^ rest ^ length);
  }

  private static long fold(long a, long b) {
    return a * b ^ Math.unsignedMultiplyHigh(a, b);
  }

  private static final class Shard {
    private final long maxBytes;
    private final LongSupplier nanoTime;
    private long turned; // guarded by this
    private Table young = new Table(); // guarded by this
    private Table old = new Table(); // guarded by this

    Shard(long maxBytes, LongSupplier nanoTime) {
      this.maxBytes = maxBytes;
      this.nanoTime = nanoTime;
      turned = nanoTime.getAsLong();
    }

    private void turn() {
      old = young;
      young = new Table();
      turned = nanoTime.getAsLong();
    }

    synchronized void clear() {
      young = new Table();
      old = new Table();
    }

    synchronized void find(long hash, int check, Found found, int shard) {
      int next = found.entries[shard] + 1;
      if (found.tables[shard] == young && young.is(next, hash, check)) {
        young.read(next, found, shard);
        return;
      }
      long age = nanoTime.getAsLong() - turned;
      if (age > 2 * TURN_NANOS) { // nobody has asked for so long
        clear();
        turned = nanoTime.getAsLong();
      } else if (age > TURN_NANOS) {
        turn();
      } else if (age > OLD_NANOS && old.size > 0) {
        old = new Table();
      }
      int entry = young.entry(hash, check);
      if (entry >= 0) {
        young.read(entry, found, shard);
        return;
      }
      entry = old.entry(hash, check);
      if (entry < 0) {
        found.ref = NONE;
        found.metadata = 0;
        return;
      }
      old.read(entry, found, shard);
      put(hash, check, found.ref, found.metadata); // what is used stays
    }

    synchronized void put(long hash, int check, long ref, int metadata) {
      if (young.entry(hash, check) < 0 && young.isFull()) {
        long doubled = 2 * young.bytes();
        if (doubled + old.bytes() > maxBytes) {
          old = new Table();
        }
        if (doubled > maxBytes) {
          turn();
        }
      }
      young.put(hash, check, ref, metadata);
    }
  }

  /** Entries in the order in which they came, and an open addressing table of their numbers. */
  private static final class Table {
    private int[] slots = new int[16]; // number of the entry, 1 based: 0 = free
    private long[] hashes = new long[8];
    private int[] checks = new int[8];
    private long[] refs = new long[8];
    private int[] metadata = new int[8];
    private int size;

    long bytes() {
      return (long) refs.length * ENTRY_BYTES;
    }

    boolean isFull() {
      return size == refs.length;
    }

    /** Returns whether an entry, which there may not be, has a key. */
    boolean is(int entry, long hash, int check) {
      return entry < size && hashes[entry] == hash && checks[entry] == check;
    }

    /** Returns the entry of a key, or a negative number. */
    int entry(long hash, int check) {
      int mask = slots.length - 1;
      for (int at = (int) hash & mask; ; at = at + 1 & mask) {
        int entry = slots[at] - 1;
        if (entry < 0 || is(entry, hash, check)) {
          return entry;
        }
      }
    }

    void read(int entry, Found found, int shard) {
      found.ref = refs[entry];
      found.metadata = metadata[entry];
      found.tables[shard] = this;
      found.entries[shard] = entry;
    }

    void put(long hash, int check, long ref, int state) {
      int entry = entry(hash, check);
      if (entry >= 0) {
        refs[entry] = ref;
        metadata[entry] = state;
        return;
      }
      if (isFull()) {
        grow();
      }
      hashes[size] = hash;
      checks[size] = check;
      refs[size] = ref;
      metadata[size] = state;
      insert(size++);
    }

    private void insert(int entry) {
      int mask = slots.length - 1;
      int at = (int) hashes[entry] & mask;
      while (slots[at] > 0) {
        at = at + 1 & mask;
      }
      slots[at] = entry + 1;
    }

    private void grow() {
      int n = 2 * size;
      hashes = Arrays.copyOf(hashes, n);
      checks = Arrays.copyOf(checks, n);
      refs = Arrays.copyOf(refs, n);
      metadata = Arrays.copyOf(metadata, n);
      slots = new int[2 * n];
      for (int entry = 0; entry < size; entry++) {
        insert(entry);
      }
    }
  }
}
