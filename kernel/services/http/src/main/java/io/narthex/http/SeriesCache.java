package io.narthex.http;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * The references of series by the bytes of their labels, so that a known series of a request costs
 * neither strings nor a label set. A reference that the storage no longer knows is replaced by the
 * next {@link #put}.
 *
 * <p>Bounded in bytes: when the young half is full it becomes the old one, and what was old and not
 * asked for since is forgotten. The same happens every half an hour, as a storage may give the
 * reference of a series that has ended to another one after long. The keys are compared whole;
 * their hash has a seed, so that senders cannot choose keys that collide. Thread-safe.
 */
final class SeriesCache {
  /** The reference of a series that is not in the cache. */
  static final long NONE = Long.MIN_VALUE;

  /** Bytes of a slot next to its key, at a table that is half full. */
  private static final int SLOT_BYTES = 2 * (8 + 8 + 4 + 4 + 4);

  private static final int SHARDS = 16; // powers of two
  private static final long MULTIPLIER = 0xa0761d6478bd642fL;

  /** Longer keys would take the room of too many others. */
  private static final int MAX_KEY = 64 << 10;

  private static final long TURN_NANOS = TimeUnit.MINUTES.toNanos(30);

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

  /** What is known of a series; reused by the caller. */
  static final class Found {
    long ref = NONE;
    int metadata;
  }

  /** Looks a series up; {@code found.ref} is {@link #NONE} when it is not there. */
  void find(ByteBuilder key, Found found) {
    long hash = hash(key.bytes(), key.size());
    shard(hash).find(key, hash, found);
  }

  /**
   * Adds or replaces a series.
   *
   * @param metadata a number that tells one state of its metadata from another
   */
  void put(ByteBuilder key, long ref, int metadata) {
    if (key.size() > MAX_KEY) {
      return;
    }
    long hash = hash(key.bytes(), key.size());
    shard(hash).put(key, hash, ref, metadata);
  }

  /** Forgets all: the references belong to a storage that has been replaced. */
  void clear() {
    for (Shard shard : shards) {
      shard.clear();
    }
  }

  private Shard shard(long hash) {
    return shards[(int) (hash >>> 60)];
  }

  private long hash(byte[] b, int size) {
    long h = seed ^ size;
    int i = 0;
    for (; i + 8 <= size; i += 8) {
      h = mix(h ^ (long) Words.LONG.get(b, i));
    }
    long rest = 0;
    for (; i < size; i++) {
      rest = rest << 8 | b[i] & 0xff;
    }
    return mix(h ^ rest);
  }

  private long mix(long x) {
    long a = x ^ seed;
    return a * MULTIPLIER ^ Math.multiplyHigh(a, MULTIPLIER) ^ a >>> 29;
  }

  private static final class Words {
    static final java.lang.invoke.VarHandle LONG =
        java.lang.invoke.MethodHandles.byteArrayViewVarHandle(
            long[].class, java.nio.ByteOrder.LITTLE_ENDIAN);
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

    synchronized void find(ByteBuilder key, long hash, Found found) {
      if (nanoTime.getAsLong() - turned > TURN_NANOS) {
        turn();
      }
      int slot = young.slot(key, hash);
      if (slot >= 0) {
        young.read(slot, found);
        return;
      }
      slot = old.slot(key, hash);
      if (slot < 0) {
        found.ref = NONE;
        found.metadata = 0;
        return;
      }
      old.read(slot, found);
      put(key, hash, found.ref, found.metadata); // what is used stays
    }

    synchronized void put(ByteBuilder key, long hash, long ref, int metadata) {
      if (young.slot(key, hash) < 0 && young.bytes() + key.size() + SLOT_BYTES > maxBytes) {
        turn();
      }
      young.put(key, hash, ref, metadata);
    }
  }

  /** An open addressing table; keys follow each other in one array. */
  private static final class Table {
    private long[] hashes = new long[16];
    private long[] refs = new long[16];
    private int[] metadata = new int[16];
    private int[] starts = new int[16]; // of the key, 1 based: 0 = free
    private int[] lengths = new int[16];
    private byte[] keys = new byte[0];
    private int keyBytes;
    private int size;

    int bytes() {
      return keyBytes + size * SLOT_BYTES;
    }

    /** Returns the slot of a key, or a negative number. */
    int slot(ByteBuilder key, long hash) {
      int mask = hashes.length - 1;
      for (int at = (int) hash & mask; ; at = at + 1 & mask) {
        int start = starts[at] - 1;
        if (start < 0) {
          return -1;
        }
        if (hashes[at] == hash
            && lengths[at] == key.size()
            && Arrays.equals(keys, start, start + lengths[at], key.bytes(), 0, key.size())) {
          return at;
        }
      }
    }

    void read(int slot, Found found) {
      found.ref = refs[slot];
      found.metadata = metadata[slot];
    }

    void put(ByteBuilder key, long hash, long ref, int state) {
      int slot = slot(key, hash);
      if (slot >= 0) {
        refs[slot] = ref;
        metadata[slot] = state;
        return;
      }
      if (2 * (size + 1) > hashes.length) {
        grow();
      }
      if (key.size() > keys.length - keyBytes) {
        keys = Arrays.copyOf(keys, Math.max(keys.length * 2, keyBytes + key.size()));
      }
      System.arraycopy(key.bytes(), 0, keys, keyBytes, key.size());
      insert(hash, ref, state, keyBytes + 1, key.size());
      keyBytes += key.size();
      size++;
    }

    private void insert(long hash, long ref, int state, int start, int length) {
      int mask = hashes.length - 1;
      int at = (int) hash & mask;
      while (starts[at] > 0) {
        at = at + 1 & mask;
      }
      hashes[at] = hash;
      refs[at] = ref;
      metadata[at] = state;
      starts[at] = start;
      lengths[at] = length;
    }

    private void grow() {
      final long[] hashes0 = hashes;
      final long[] refs0 = refs;
      final int[] metadata0 = metadata;
      final int[] starts0 = starts;
      final int[] lengths0 = lengths;
      int n = hashes.length * 2;
      hashes = new long[n];
      refs = new long[n];
      metadata = new int[n];
      starts = new int[n];
      lengths = new int[n];
      for (int i = 0; i < starts0.length; i++) {
        if (starts0[i] > 0) {
          insert(hashes0[i], refs0[i], metadata0[i], starts0[i], lengths0[i]);
        }
      }
    }
  }
}
