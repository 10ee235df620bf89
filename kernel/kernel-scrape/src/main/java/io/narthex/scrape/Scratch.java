package io.narthex.scrape;

import io.narthex.format.exposition.ExpositionWriter;
import io.narthex.spi.storage.SampleBatch;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

/** What one scrape needs while it runs, lent from a pool so that idle targets hold nothing. */
final class Scratch {
  private static final int MAX_KEPT = 64;
  private static final int MAX_BODY_KEPT = 4 << 20;

  byte[] body = new byte[64 << 10];
  int length;
  final SampleBatch batch = new SampleBatch(1024);
  final ExpositionWriter writer = new ExpositionWriter(ExpositionWriter.Format.TEXT_1_0_0);

  /** Reads all of a stream, at most {@code limit} bytes when that is above 0. */
  void read(InputStream in, long limit) throws IOException {
    length = 0;
    while (true) {
      if (length == body.length) {
        body = Arrays.copyOf(body, body.length * 2);
      }
      int n = in.read(body, length, body.length - length);
      if (n < 0) {
        return;
      }
      length += n;
      if (limit > 0 && length > limit) {
        length = 0;
        throw new ScrapeFailure(ScrapeFailure.Kind.BODY_SIZE, "body size limit exceeded");
      }
    }
  }

  /** The pool. Thread-safe. */
  static final class Pool {
    private final ConcurrentLinkedQueue<Scratch> free = new ConcurrentLinkedQueue<>();
    private final AtomicInteger count = new AtomicInteger();

    Scratch take() {
      Scratch s = free.poll();
      if (s == null) {
        return new Scratch();
      }
      count.decrementAndGet();
      return s;
    }

    void give(Scratch s) {
      s.length = 0;
      s.batch.clear();
      s.writer.reset();
      if (s.body.length <= MAX_BODY_KEPT && count.get() < MAX_KEPT) {
        count.incrementAndGet();
        free.add(s);
      }
    }
  }
}
