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
 * <p>Senders repeat series in the same order: what comes after a key is compared with the key that
 * was put after it, which is next to it in memory, before it is looked up.
 *
 * <p>Bounded in bytes: when the young half is full it becomes the old one, and what was old and not
 * asked for since is forgotten. The same happens every half an hour, as a storage may give the
 * reference of a series that has ended to another one after long; ten minutes later, when most
 * senders have asked for all of theirs again, the old half goes, which would be as large. The keys
 * are compared whole; their hash has a seed, so that senders cannot choose keys that collide.
 * Thread-safe.
 */
final class SeriesCache {
  /** The reference of a series that is not in the cache. */
  static final long NONE = Long.MIN_VALUE;

  /** Bytes of an entry next to its key, with two slots. */
  private static final int ENTRY_BYTES = 4 + 8 + 8 + 4 + 2 * 4;

  private static final int SHARDS = 16; // powers of two
  private static final long MULTIPLIER = 0xa0761d6478bd642fL;

  /** Longer keys would take the room of too many others. */
  private static final int MAX_KEY = 64 << 10;

  private static final long TURN_NANOS = TimeUnit.MINUTES.toNanos(30);
  private static final long OLD_NANOS = TimeUnit.MINUTES.toNanos(10);

  private final long seed = new SplittableRandom().nextLong();
  private final Shard[] shards = new Shard[SHARDS];

  /**
   * Creates a cache.
   *
   * @param maxBytes most memory
   * @param nanoTime the time, as of System.nanoTime
   */
  SeriesCache(long maxBytes, LongSupplier nanoTime) {
    long half = Math.min(maxBytes / SHARDS / 2, Integer.MAX_VALUE / 2);
    for (int i = 0; i < SHARDS; i++) {
      shards[i] = new Shard((int) Math.max(half, 4096), nanoTime);
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
    int shard = shard(key, from, length);
    if (!shards[shard].findNext(key, from, length, found, shard)) {
      shards[shard].find(key, from, length, hash(key, from, length), found, shard);
    }
  }

  /**
   * Adds or replaces a series.
   *
   * @param metadata a number that tells one state of its metadata from another
   */
  void put(byte[] key, int from, int length, long ref, int metadata) {
    if (length > MAX_KEY) {
      return;
    }
    shards[shard(key, from, length)].put(key, from, length, hash(key, from, length), ref, metadata);
  }

  /** Forgets all: the references belong to a storage that has been replaced. */
  void clear() {
    for (Shard shard : shards) {
      shard.clear();
    }
  }

  /** The end of a key, which is mostly a label value, decides; all of it would take longer. */
  private int shard(byte[] b, int from, int length) {
    long end = length >= 8 ? (long) Words.LONG.get(b, from + length - 8) : length;
    return (int) (mix(seed ^ end ^ length) >>> 60);
  }

  private long hash(byte[] b, int from, int length) {
    long h = seed ^ length;
    int i = from;
    int to = from + length;
    for (; i + 8 <= to; i += 8) {
      h = mix(h ^ (long) Words.LONG.get(b, i));
    }
    long rest = 0;
    for (; i < to; i++) {
      rest = rest << 8 | b[i] & 0xff;
    }
    return mix(h ^ rest);
  }

  private long mix(long x) {
    long a = x ^ seed;
    return a * MULTIPLIER ^ Math.multiplyHigh(a, MULTIPLIER) ^ a >>> 29;
  }

  private static final class Words {
    static final VarHandle LONG =
        MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  }

  private static final class Shard {
    private final int maxBytes;
    private final LongSupplier nanoTime;
    private long turned; // guarded by this
    private Table young = new Table(); // guarded by this
    private Table old = new Table(); // guarded by this

    Shard(int maxBytes, LongSupplier nanoTime) {
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

    /** Compares a key with the one after the last that was found; returns whether it is that. */
    synchronized boolean findNext(byte[] key, int from, int length, Found found, int shard) {
      int entry = found.entries[shard] + 1;
      if (found.tables[shard] != young || !young.is(entry, key, from, length)) {
        return false;
      }
      young.read(entry, found, shard);
      return true;
    }

    synchronized void find(byte[] key, int from, int length, long hash, Found found, int shard) {
      long age = nanoTime.getAsLong() - turned;
      if (age > TURN_NANOS) {
        turn();
      } else if (age > OLD_NANOS && old.size > 0) {
        old = new Table();
      }
      int entry = young.entry(key, from, length, hash);
      if (entry >= 0) {
        young.read(entry, found, shard);
        return;
      }
      entry = old.entry(key, from, length, hash);
      if (entry < 0) {
        found.ref = NONE;
        found.metadata = 0;
        return;
      }
      old.read(entry, found, shard);
      put(key, from, length, hash, found.ref, found.metadata); // what is used stays
    }

    synchronized void put(byte[] key, int from, int length, long hash, long ref, int metadata) {
      if (young.entry(key, from, length, hash) < 0
          && young.bytes() + length + ENTRY_BYTES > maxBytes) {
        turn();
      }
      young.put(key, from, length, hash, ref, metadata);
    }
  }

  /** Entries in the order in which they came, and an open addressing table of their numbers. */
  private static final class Table {
    private int[] slots = new int[16]; // number of the entry, 1 based: 0 = free
    private long[] hashes = new long[8];
    private long[] refs = new long[8];
    private int[] metadata = new int[8];
    private int[] ends = new int[8]; // of the key
    private byte[] keys = new byte[0];
    private int size;

    int bytes() {
      return start(size) + size * ENTRY_BYTES;
    }

    private int start(int entry) {
      return entry == 0 ? 0 : ends[entry - 1];
    }

    /** Returns whether an entry, which there may not be, has a key. */
    boolean is(int entry, byte[] key, int from, int length) {
      if (entry >= size) {
        return false;
      }
      int start = start(entry);
      return Arrays.equals(keys, start, ends[entry], key, from, from + length);
    }

    /** Returns the entry of a key, or a negative number. */
    int entry(byte[] key, int from, int length, long hash) {
      int mask = slots.length - 1;
      for (int at = (int) hash & mask; ; at = at + 1 & mask) {
        int entry = slots[at] - 1;
        if (entry < 0 || hashes[entry] == hash && is(entry, key, from, length)) {
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

    void put(byte[] key, int from, int length, long hash, long ref, int state) {
      int entry = entry(key, from, length, hash);
      if (entry >= 0) {
        refs[entry] = ref;
        metadata[entry] = state;
        return;
      }
      if (size == refs.length) {
        grow();
      }
      int start = start(size);
      if (length > keys.length - start) {
        keys = Arrays.copyOf(keys, Math.max(keys.length * 2, start + length));
      }
      System.arraycopy(key, from, keys, start, length);
      ends[size] = start + length;
      hashes[size] = hash;
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
      refs = Arrays.copyOf(refs, n);
      metadata = Arrays.copyOf(metadata, n);
      ends = Arrays.copyOf(ends, n);
      slots = new int[2 * n];
      for (int entry = 0; entry < size; entry++) {
        insert(entry);
      }
    }
  }
}
