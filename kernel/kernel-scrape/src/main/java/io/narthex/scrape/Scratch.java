package io.narthex.scrape;

import io.narthex.format.exposition.ExpositionWriter;
import io.narthex.spi.storage.SampleBatch;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** What one scrape needs while it runs, lent from a pool so that idle targets hold nothing. */
final class Scratch {
  private static final byte[] EMPTY = new byte[0];
  private static final int MAX_KEPT = 64;
  private static final int MAX_BODY_KEPT = 4 << 20;
  private static final int MAX_ROWS_KEPT = 100_000;
  private static final int FIRST_BODY = 64 << 10;
  private static final long HEAP = Runtime.getRuntime().maxMemory();

  /**
   * Most bytes of a body, decompressed, when {@code body_size_limit} is not set: an eighth of the
   * heap, at least 64 MiB and at most 1 GiB.
   */
  static final long DEFAULT_LIMIT = Math.min(1 << 30, Math.max(64 << 20, HEAP / 8));

  byte[] body = new byte[FIRST_BODY];
  int length;
  final SampleBatch batch = new SampleBatch(1024);
  final ExpositionWriter writer = new ExpositionWriter(ExpositionWriter.Format.TEXT_1_0_0);
  private final Pool pool;
  private long held; // bytes of the body that the pool has lent

  Scratch(Pool pool) {
    this.pool = pool;
  }

  /**
   * Reads all of a stream, at most {@code limit} bytes; 0 is {@link #DEFAULT_LIMIT}.
   *
   * @throws ScrapeFailure when there is more, or no room while other large bodies are read
   */
  void read(InputStream in, long limit) throws IOException {
    length = 0;
    long most = Math.min(limit > 0 ? limit : DEFAULT_LIMIT, Integer.MAX_VALUE - 16);
    while (true) {
      if (length == body.length) {
        grow((int) Math.min(2L * length, most + 1));
      }
      int n = in.read(body, length, body.length - length);
      if (n < 0) {
        return;
      }
      length += n;
      if (length > most) {
        length = 0;
        throw new ScrapeFailure(ScrapeFailure.Kind.BODY_SIZE, "body size limit exceeded");
      }
    }
  }

  private void grow(int size) throws ScrapeFailure {
    if (!pool.lend(size - held)) {
      length = 0;
      throw new ScrapeFailure(
          ScrapeFailure.Kind.ROOM,
          "no room for the body: those being read hold "
              + (pool.most >> 20)
              + " MiB, their share of the heap; set body_size_limit, or give the server more memory");
    }
    held = size;
    body = Arrays.copyOf(body, size);
  }

  /** The pool. Thread-safe. */
  static final class Pool {
    private final ConcurrentLinkedQueue<Scratch> free = new ConcurrentLinkedQueue<>();
    private final AtomicInteger count = new AtomicInteger();

    /** Bytes of bodies that have grown, kept ones included. */
    private final AtomicLong lent = new AtomicLong();

    private final long most;

    Pool() {
      this(Math.max(DEFAULT_LIMIT + (1 << 20), HEAP / 4));
    }

    Pool(long most) {
      this.most = most;
    }

    private boolean lend(long bytes) {
      if (lent.addAndGet(bytes) <= most) {
        return true;
      }
      lent.addAndGet(-bytes);
      return false;
    }

    Scratch take() {
      Scratch s = free.poll();
      if (s == null) {
        return new Scratch(this);
      }
      count.decrementAndGet();
      return s;
    }

    void give(Scratch s) {
      boolean keep =
          s.body.length <= MAX_BODY_KEPT
              && lent.get() < most / 2
              && s.batch.size() <= MAX_ROWS_KEPT
              && count.get() < MAX_KEPT;
      if (!keep) {
        lent.addAndGet(-s.held);
        s.held = 0;
        s.body = EMPTY;
        return;
      }
      s.length = 0;
      s.batch.clear();
      s.writer.reset();
      count.incrementAndGet();
      free.add(s);
    }
  }
}
