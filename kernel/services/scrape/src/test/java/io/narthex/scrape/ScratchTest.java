package io.narthex.scrape;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.service.memory.WorkMemory;
import io.narthex.service.memory.WorkMemory.Use;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ScratchTest {
  /** Bodies may hold 17 MiB together. */
  private final WorkMemory memory = new WorkMemory(64 << 20);

  private final AtomicLong nanos = new AtomicLong();
  private final Scratch.Pool pool = new Scratch.Pool(memory, nanos::get);

  private static byte[] bytes(int n) {
    byte[] bytes = new byte[n];
    new Random(n).nextBytes(bytes);
    return bytes;
  }

  /** Returns a stream that hands out little at a time, as sockets do. */
  private static InputStream stream(byte[] bytes) {
    return new ByteArrayInputStream(bytes) {
      @Override
      public synchronized int read(byte[] to, int at, int n) {
        return super.read(to, at, Math.min(n, 70_001));
      }
    };
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 65_535, 65_536, 65_537, 1 << 20, (1 << 20) + 1, 1_310_720, 5_000_000})
  void bodiesOfAllSizesAreReadWhole(int size) throws Exception {
    byte[] body = bytes(size);
    for (int expected : new int[] {0, size / 2, size, size + 10_000}) {
      Scratch scratch = pool.take();
      scratch.read(stream(body), 0, expected, 0);
      assertThat(Arrays.equals(scratch.body, 0, scratch.length, body, 0, size)).isTrue();
      pool.give(scratch);
    }
    assertThat(memory.held(Use.SCRAPES)).isLessThanOrEqualTo(memory.most(Use.SCRAPES) / 2);
  }

  @Test
  void bodiesHaveACeilingEachAndTogether() throws Exception {
    Scratch one = pool.take();
    Scratch two = pool.take();
    one.read(stream(bytes(8_000_000)), 0, 8_000_000, 0);
    assertThatThrownBy(() -> two.read(stream(bytes(8_000_000)), 0, 0, 0))
        .isInstanceOf(ScrapeFailure.class)
        .hasMessageContaining("no room for the body");
    assertThatThrownBy(() -> two.read(stream(bytes(15_000_000)), 0, 15_000_000, 0))
        .hasMessageContaining("no room for the body");
    pool.give(two);
    pool.give(one);
    Scratch three = pool.take();
    three.read(stream(bytes(8_000_000)), 0, 0, 0);
    assertThat(three.length).isEqualTo(8_000_000);
    assertThatThrownBy(() -> three.read(stream(new byte[2000]), 1000, 0, 0))
        .hasMessage("body size limit exceeded");
  }

  @Test
  @Timeout(60)
  void bodyOfKnownSizeWaitsForRoom() throws Exception {
    Scratch one = pool.take();
    one.read(stream(bytes(15_000_000)), 0, 15_000_000, 0);
    Scratch two = pool.take();
    two.read(stream(bytes(200_000)), 0, 200_000, 0); // gives its room back while it waits
    assertThatThrownBy(() -> two.read(stream(bytes(8_000_000)), 0, 8_000_000, 1))
        .hasMessageContaining("no room for the body");
    byte[] body = bytes(8_000_000);
    var read =
        CompletableFuture.runAsync(() -> {
          try {
            two.read(stream(body), 0, body.length, TimeUnit.MINUTES.toNanos(1));
          } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
          }
        });
    while (memory.tryTakeUncontended(Use.SCRAPES, 1)) { // until it waits
      memory.give(Use.SCRAPES, 1);
      assertThat(read).isNotCompletedExceptionally();
      Thread.onSpinWait();
    }
    pool.give(one);
    read.join();
    assertThat(Arrays.equals(two.body, 0, two.length, body, 0, body.length)).isTrue();
  }

  @Test
  void bodyThatHasGrownALittleIsReadThoughOthersHoldAllRoom() throws Exception {
    byte[] body = bytes(102_000);
    Scratch grown = pool.take();
    InputStream in =
        new InputStream() {
          private int at;

          @Override
          public int read() {
            return at == body.length ? -1 : body[at++] & 0xff;
          }

          @Override
          public int read(byte[] to, int from, int n) {
            while (memory.tryTake(Use.SCRAPES, 1 << 10)) {
              // others take all there is once this one is being read
            }
            int some = Math.min(n, body.length - at);
            System.arraycopy(body, at, to, from, some);
            at += some;
            return some == 0 ? -1 : some;
          }
        };
    grown.read(in, 0, 100_000, 0);
    assertThat(memory.tryTake(Use.SCRAPES, 1 << 10)).isFalse();
    assertThat(Arrays.equals(grown.body, 0, grown.length, body, 0, body.length)).isTrue();
  }

  @Test
  void bodiesOfUnknownSizeLeaveRoomForThoseOfKnownSize() throws Exception {
    AtomicInteger known = new AtomicInteger();
    Scratch small = pool.take();
    InputStream endless =
        new InputStream() {
          @Override
          public int read() {
            return 'a';
          }

          @Override
          public int read(byte[] to, int at, int n) {
            try {
              small.read(stream(new byte[3_000_000]), 0, 3_000_000, 0);
            } catch (IOException | InterruptedException e) {
              throw new AssertionError(e);
            }
            pool.give(small);
            known.incrementAndGet();
            return n;
          }
        };
    Scratch large = pool.take();
    assertThatThrownBy(() -> large.read(endless, 16_000_000, 0, 0))
        .isInstanceOf(ScrapeFailure.class)
        .hasMessageContaining("no room for the body");
    assertThat(known).hasValueGreaterThan(30);
  }

  @Test
  void whatAPeakNeededIsGivenBackAMinuteLater() throws Exception {
    List<Scratch> peak = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      Scratch scratch = pool.take();
      scratch.read(stream(bytes(3_000_000)), 0, 0, 0);
      peak.add(scratch);
    }
    peak.forEach(pool::give);
    assertThat(memory.held(Use.SCRAPES)).isGreaterThan(1 << 20);
    for (int i = 0; i < 3; i++) {
      nanos.addAndGet(TimeUnit.MINUTES.toNanos(1));
      Scratch one = pool.take();
      one.read(stream(bytes(1000)), 0, 0, 0);
      pool.give(one);
    }
    assertThat(memory.held(Use.SCRAPES)).isZero();
  }

  private static InputStream endless(AtomicLong handed) {
    return new InputStream() {
      @Override
      public int read() {
        return 'a';
      }

      @Override
      public int read(byte[] to, int at, int n) {
        handed.addAndGet(n);
        return n;
      }
    };
  }

  @Test
  void endlessBodiesMeetACeilingThoughNoLimitIsSet() {
    Scratch scratch = new Scratch.Pool(new WorkMemory(10 * Scratch.DEFAULT_LIMIT)).take();
    AtomicLong handed = new AtomicLong();
    assertThatThrownBy(() -> scratch.read(endless(handed), 0, 0, 0))
        .hasMessage("body size limit exceeded");
    assertThat(handed.get()).isBetween(Scratch.DEFAULT_LIMIT, Scratch.DEFAULT_LIMIT + (256 << 10));
  }

  @Test
  void endlessBodiesTakeNoLargeArray() throws Exception {
    InputStream endless = endless(new AtomicLong());
    for (int i = 0; i < 20; i++) {
      Scratch scratch = pool.take();
      assertThatThrownBy(() -> scratch.read(endless, 12_000_000, 0, 0))
          .hasMessage("body size limit exceeded");
      assertThat(scratch.body.length).isLessThanOrEqualTo(1 << 20);
      pool.give(scratch);
    }
    assertThat(memory.held(Use.SCRAPES)).isLessThanOrEqualTo(memory.most(Use.SCRAPES) / 2);
  }
}
