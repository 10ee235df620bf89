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
 * <p>Of a key 96 bits of a hash are kept, 31 to 46 bytes a series: the keys themselves would be
 * larger than all else that the head knows of a series. Of a million series two have the same 96
 * bits once in 10^17 times. The hash has a seed; whoever finds keys that collide mixes up series
 * that he writes himself.
 *
 * <p>Senders repeat series in the same order: what comes after a key is compared with the key that
 * was put after it, which is next to it in memory, before it is looked up.
 *
 * <p>What nobody has asked for since the last turn is forgotten at the next one: half an hour
 * later, as a storage may give the reference of a series that has ended to another one after long;
 * after 32 look-ups for each series; or after four, and so many new series that the table is larger
 * by an eighth. So the series that ended are few next to the others however fast a sender is. When
 * memory is short, what was put but not found since goes, too, or all. Thread-safe.
 */
final class SeriesCache {
  /** The reference of a series that is not in the cache. */
  static final long NONE = Long.MIN_VALUE;

  private static final int SHARDS = 16; // powers of two
  private static final int SHARD_SHIFT = 60;
  private static final long TURN_NANOS = TimeUnit.MINUTES.toNanos(30);
  private static final int LOOKUPS_PER_SERIES = 32; // from turn to turn
  private static final int LOOKUPS_WHEN_GROWN = 4; // the same when the table is larger by an eighth
  private static final int LEAST_LOOKUPS = 1024; // the same of a shard
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
    private long lookups; // guarded by this: since then
    private int sizeAtTurn; // guarded by this
    private Table table = new Table(0); // guarded by this

    Shard(long maxBytes, LongSupplier nanoTime) {
      this.maxBytes = maxBytes;
      this.nanoTime = nanoTime;
      turned = nanoTime.getAsLong();
    }

    synchronized void clear() {
      turn(Table.FOUND + 1);
    }

    synchronized void find(long hash, int check, Found found, int shard) {
      lookups++;
      int entry = found.entries[shard] + 1;
      if (found.tables[shard] != table || !table.is(entry, hash, check)) {
        age();
        entry = table.entry(hash, check);
      }
      if (entry < 0) {
        found.ref = NONE;
        found.metadata = 0;
      } else {
        table.read(entry, found, shard);
      }
    }

    private void age() {
      long age = nanoTime.getAsLong() - turned;
      if (age > 2 * TURN_NANOS) { // nobody has asked for so long
        clear();
      } else if (age > TURN_NANOS || lookups > lookupsPerTurn()) {
        turn(Table.PUT);
      }
    }

    private long lookupsPerTurn() {
      boolean grown = table.size - table.size / 8 > sizeAtTurn;
      long perSeries = grown ? LOOKUPS_WHEN_GROWN : LOOKUPS_PER_SERIES;
      return Math.max(LEAST_LOOKUPS, perSeries * table.size);
    }

    /** Forgets what has been used less, and begins to count anew. */
    private void turn(int leastUse) {
      table = table.with(leastUse);
      sizeAtTurn = table.size;
      turned = nanoTime.getAsLong();
      lookups = 0;
    }

    synchronized void put(long hash, int check, long ref, int metadata) {
      if (table.isFull() && table.entry(hash, check) < 0 && table.grownBytes() > maxBytes) {
        int most = table.size / 4 * 3; // so that this is not done for each of the next
        int use = Table.PUT;
        while (table.count(use) > most) {
          use++;
        }
        turn(use);
      }
      table.put(hash, check, ref, metadata);
    }
  }

  /** Entries in the order in which they came, and an open addressing table of their numbers. */
  private static final class Table {
    /** Uses of an entry since the last turn: none, put, found. */
    static final int PUT = 1;

    static final int FOUND = 2;

    /** Bytes of an entry without its slots. */
    private static final int ENTRY_BYTES = 8 + 4 + 8 + 4 + 1;

    private int[] slots; // number of the entry, 1 based: 0 = free
    private long[] hashes;
    private int[] checks;
    private long[] refs;
    private int[] metadata;
    private byte[] uses;
    private int size;

    Table(int entries) {
      int room = room(entries);
      slots = new int[slots(room)];
      hashes = new long[room];
      checks = new int[room];
      refs = new long[room];
      metadata = new int[room];
      uses = new byte[room];
    }

    /** Returns the room for some entries and a quarter more. */
    private static int room(int entries) {
      return entries + entries / 4 + 8;
    }

    /** Returns a power of two of which at most two thirds are taken. */
    private static int slots(int room) {
      return Integer.highestOneBit(room + room / 2) * 2;
    }

    boolean isFull() {
      return size == refs.length;
    }

    /** Returns the bytes of the table when it has grown the next time. */
    long grownBytes() {
      int room = room(size);
      return (long) room * ENTRY_BYTES + (long) slots(room) * Integer.BYTES;
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
      uses[entry] = FOUND;
      found.ref = refs[entry];
      found.metadata = metadata[entry];
      found.tables[shard] = this;
      found.entries[shard] = entry;
    }

    void put(long hash, int check, long ref, int state) {
      int entry = entry(hash, check);
      if (entry < 0) {
        add(hash, check, ref, state, (byte) PUT);
        return;
      }
      refs[entry] = ref;
      metadata[entry] = state;
      uses[entry] = (byte) Math.max(uses[entry], PUT);
    }

    /** Returns how many entries have been used at least so much. */
    int count(int leastUse) {
      int n = 0;
      for (int entry = 0; entry < size; entry++) {
        n += uses[entry] >= leastUse ? 1 : 0;
      }
      return n;
    }

    /** Returns a table of the entries that have been used so much, unused from now on. */
    Table with(int leastUse) {
      int n = count(leastUse);
      if (n == size) {
        Arrays.fill(uses, (byte) 0);
        return this;
      }
      Table kept = new Table(n);
      for (int entry = 0; entry < size; entry++) {
        if (uses[entry] >= leastUse) {
          kept.add(hashes[entry], checks[entry], refs[entry], metadata[entry], (byte) 0);
        }
      }
      return kept;
    }

    private void add(long hash, int check, long ref, int state, byte use) {
      if (isFull()) {
        grow();
      }
      hashes[size] = hash;
      checks[size] = check;
      refs[size] = ref;
      metadata[size] = state;
      uses[size] = use;
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
      int room = room(size);
      hashes = Arrays.copyOf(hashes, room);
      checks = Arrays.copyOf(checks, room);
      refs = Arrays.copyOf(refs, room);
      metadata = Arrays.copyOf(metadata, room);
      uses = Arrays.copyOf(uses, room);
      if (slots(room) > slots.length) {
        slots = new int[slots(room)];
        for (int entry = 0; entry < size; entry++) {
          insert(entry);
        }
      }
    }
  }
}
