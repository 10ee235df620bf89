package io.narthex.scrape;

import io.narthex.exposition.CollectedMetrics;
import io.narthex.exposition.thread.Courtesy;
import io.narthex.service.memory.WorkMemory;
import io.narthex.service.memory.WorkMemory.Use;
import io.narthex.spi.storage.SampleBatch;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What one scrape needs while it runs, lent from a pool so that idle targets hold nothing.
 *
 * <p>A body that is larger than expected is read into pieces, which are joined when it has ended:
 * an endless one never needs one large array, and its pieces serve the next one.
 */
final class Scratch {
  private static final byte[] EMPTY = new byte[0];
  private static final int MAX_KEPT = 64;
  private static final int MAX_ROWS_KEPT = 100_000;
  private static final int FIRST_BODY = 64 << 10;

  /** Bodies up to this grow in one array, which is kept. */
  private static final int LARGE = 1 << 20;

  /** Share of a body's expected size that it may grow by without asking for more room. */
  private static final int SPARE = 16;

  private static final int MAX_SPARE = 64 << 10;

  /** Small enough for every collector's way of allocating quickly. */
  private static final int PIECE = 256 << 10;

  private static final long HEAP = Runtime.getRuntime().maxMemory();

  /**
   * Most bytes of a body, decompressed, when {@code body_size_limit} is not set: a twelfth of the
   * heap, at least 8 MiB and at most 1 GiB. While pieces become one array they are there twice.
   */
  static final long DEFAULT_LIMIT = Math.min(1 << 30, Math.max(8 << 20, HEAP / 12));

  byte[] body = new byte[FIRST_BODY];
  int length;
  final SampleBatch batch = new SampleBatch(1024);

  /** For targets in process. */
  final CollectedMetrics collected = new CollectedMetrics(this::takeRoom);

  private final Pool pool;
  private long held; // bytes of the body that the pool has lent
  private long heldCollected; // likewise, written on the thread that collects

  Scratch(Pool pool) {
    this.pool = pool;
  }

  /**
   * Reads all of a stream, at most {@code limit} bytes; 0 is {@link #DEFAULT_LIMIT}. Gives way now
   * and then, since unpacking never waits.
   *
   * @param expected how many bytes will probably come, or 0
   * @param waitNanos how long to wait at most for room; only before anything large is held, since
   *     scrapes that wait while they hold some would wait for each other
   * @throws ScrapeFailure when there is more, or no room while other large bodies are read
   */
  void read(InputStream in, long limit, int expected, long waitNanos)
      throws IOException, InterruptedException {
    length = 0;
    long most = most(limit);
    if (expected >= body.length && expected <= most) {
      // numbers get longer: once it is being read it cannot wait for more
      long size = expected + Math.min(MAX_SPARE, (long) expected / SPARE) + 1;
      awaitRoom((int) Math.min(size, most + 1), waitNanos);
    }
    while (true) {
      if (length == body.length) {
        if (length >= LARGE) {
          readPieces(in, most);
          return;
        }
        int size = (int) Math.min(2L * length, most + 1);
        if (held == 0) {
          awaitRoom(size, waitNanos);
        } else {
          grow(size);
        }
      }
      int n = in.read(body, length, body.length - length);
      if (n < 0) {
        return;
      }
      length += n;
      if (length > most) {
        throw tooLarge();
      }
    }
  }

  private void readPieces(InputStream in, long most) throws IOException {
    List<byte[]> pieces = new ArrayList<>();
    Courtesy courtesy = new Courtesy();
    try {
      int first = length;
      long total = length;
      int filled = PIECE;
      while (true) {
        if (filled == PIECE) {
          byte[] next = pool.piece();
          if (next == null) {
            throw noRoom();
          }
          pieces.add(next);
          filled = 0;
          courtesy.giveWay();
        }
        int n = in.read(pieces.getLast(), filled, PIECE - filled);
        if (n < 0) {
          break;
        }
        filled += n;
        total += n;
        if (total > most) {
          throw tooLarge();
        }
      }
      int whole = (int) total;
      grow(whole);
      int at = first;
      for (byte[] piece : pieces) {
        System.arraycopy(piece, 0, body, at, Math.min(PIECE, whole - at));
        at += PIECE;
      }
      length = whole;
    } finally {
      pool.free(pieces);
    }
  }

  private static long most(long limit) {
    return Math.min(limit > 0 ? limit : DEFAULT_LIMIT, Integer.MAX_VALUE - 16);
  }

  /**
   * Empties {@link #collected}.
   *
   * @param limit most bytes that it takes; 0 is {@link #DEFAULT_LIMIT}
   */
  void beginCollection(long limit) {
    length = 0;
    collected.reset(most(limit));
  }

  /** Throws when {@link #collected} has not got all that was collected. */
  void checkCollected() throws ScrapeFailure {
    switch (collected.refusal()) {
      case NONE -> {
        // all of it is there
      }
      case TOO_LARGE -> throw tooLarge();
      case NO_ROOM -> throw noRoom();
    }
  }

  private boolean takeRoom(long bytes) {
    if (!pool.memory.tryTake(Use.SCRAPES, bytes)) {
      return false;
    }
    heldCollected += bytes;
    return true;
  }

  private ScrapeFailure tooLarge() {
    length = 0;
    return new ScrapeFailure(ScrapeFailure.Kind.BODY_SIZE, "body size limit exceeded");
  }

  private ScrapeFailure noRoom() {
    length = 0;
    return new ScrapeFailure(
        ScrapeFailure.Kind.ROOM,
        "no room for the body: those being read hold "
            + (pool.memory.held(Use.SCRAPES) >> 20)
            + " MiB, all they get of the heap now; set body_size_limit, or give the server more memory");
  }

  /** Tells whether the heap has no room for new series. */
  boolean heapFull() {
    return pool.memory.full();
  }

  /** Asks for room in the heap for something that stays. */
  boolean addToHeap(long bytes) {
    return pool.memory.add(bytes);
  }

  /** Makes the body larger when there is room for it; what it holds meanwhile is given back. */
  private void awaitRoom(int size, long waitNanos) throws ScrapeFailure, InterruptedException {
    if (pool.memory.tryTake(Use.SCRAPES, size - held)) {
      held = size;
      body = Arrays.copyOf(body, size);
      return;
    }
    pool.memory.give(Use.SCRAPES, held);
    held = 0;
    body = Arrays.copyOf(body, FIRST_BODY);
    if (!pool.memory.take(Use.SCRAPES, size, waitNanos)) {
      throw noRoom();
    }
    held = size;
    body = Arrays.copyOf(body, size);
  }

  private void grow(int size) throws ScrapeFailure {
    if (!pool.memory.tryTake(Use.SCRAPES, size - held)) {
      throw noRoom();
    }
    held = size;
    body = Arrays.copyOf(body, size);
  }

  /** The pool. Thread-safe. */
  static final class Pool {
    private final Spares<Scratch> scratches;
    private final Spares<byte[]> pieces;
    private final WorkMemory memory;
    private final long mostKept; // bytes

    /**
     * Creates it.
     *
     * @param memory what bodies share with other work; what is kept between scrapes stays taken
     */
    Pool(WorkMemory memory) {
      this(memory, System::nanoTime);
    }

    Pool(WorkMemory memory, LongSupplier nanos) {
      this.memory = memory;
      mostKept = memory.most(Use.SCRAPES) / 4;
      scratches = new Spares<>(nanos);
      pieces = new Spares<>(nanos);
    }

    private byte @Nullable [] piece() {
      byte[] piece = pieces.take();
      if (piece != null) {
        return piece;
      }
      // the last quarter is for bodies of known size, however many of unknown size come
      long most = memory.reach(Use.SCRAPES) / 4 * 3;
      boolean room =
          memory.held(Use.SCRAPES) + PIECE <= most && memory.tryTakeUncontended(Use.SCRAPES, PIECE);
      return room ? new byte[PIECE] : null;
    }

    private void free(List<byte[]> used) {
      int most = (int) (mostKept / PIECE);
      for (byte[] piece : used) {
        if (!pieces.keep(piece, most)) {
          memory.give(Use.SCRAPES, PIECE);
        }
      }
    }

    Scratch take() {
      Scratch s = scratches.take();
      return s == null ? new Scratch(this) : s;
    }

    void give(Scratch s) {
      boolean small =
          s.body.length <= LARGE
              && s.collected.capacity() <= LARGE
              && memory.held(Use.SCRAPES) < 2 * mostKept
              && s.batch.size() <= MAX_ROWS_KEPT;
      if (small) {
        s.length = 0;
        s.batch.clear();
        s.collected.reset(0);
      }
      if (!small || !scratches.keep(s, MAX_KEPT)) {
        forget(s);
      }
      scratches.unused().forEach(this::forget);
      memory.give(Use.SCRAPES, (long) pieces.unused().size() * PIECE);
    }

    private void forget(Scratch s) {
      memory.give(Use.SCRAPES, s.held + s.heldCollected);
      s.held = 0;
      s.heldCollected = 0;
      s.body = EMPTY;
    }
  }
}
