package io.narthex.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class SeriesCacheTest {
  private long now = 1;
  private final SeriesCache.Found found = new SeriesCache.Found();

  private static void put(SeriesCache cache, String text, long ref, int metadata) {
    byte[] bytes = ("." + text).getBytes(StandardCharsets.UTF_8);
    cache.put(bytes, 1, bytes.length - 1, ref, metadata);
  }

  private static long find(SeriesCache cache, String text, SeriesCache.Found found) {
    byte[] bytes = (".." + text + ".").getBytes(StandardCharsets.UTF_8);
    cache.find(bytes, 2, bytes.length - 3, found);
    return found.ref;
  }

  private long find(SeriesCache cache, String text) {
    return find(cache, text, found);
  }

  @Test
  void findsWhatWasPutAndNothingElse() {
    SeriesCache cache = new SeriesCache(64 << 20, () -> now);
    for (int i = 0; i < 20_000; i++) {
      put(cache, "series " + i, i, i % 7);
    }
    for (int i = 0; i < 20_000; i++) {
      assertThat(find(cache, "series " + i)).isEqualTo(i);
      assertThat(found.metadata).isEqualTo(i % 7);
    }
    assertThat(find(cache, "series")).isEqualTo(SeriesCache.NONE);
    assertThat(find(cache, "series 20000")).isEqualTo(SeriesCache.NONE);
    put(cache, "series 5", 77, 1);
    assertThat(find(cache, "series 5")).isEqualTo(77);
  }

  /** Whatever the order, and whatever was found before. */
  @Test
  void findsInAnyOrder() {
    SeriesCache cache = new SeriesCache(64 << 20, () -> now);
    int n = 5000;
    for (int i = 0; i < n; i++) {
      put(cache, "series " + i % 7 + " of " + i, i, 0);
    }
    Random random = new Random(8);
    for (int round = 0; round < 20; round++) {
      SeriesCache.Found own = new SeriesCache.Found();
      int i = random.nextInt(n);
      for (int k = 0; k < 3000; k++) {
        i = random.nextInt(10) == 0 ? random.nextInt(n + 100) : (i + 1) % n;
        assertThat(find(cache, "series " + i % 7 + " of " + i, own))
            .isEqualTo(i < n ? i : SeriesCache.NONE);
      }
      put(cache, "series " + round, round, 0);
    }
    cache.clear();
    assertThat(find(cache, "series 1 of 1")).isEqualTo(SeriesCache.NONE);
  }

  @Test
  void whatFollowsIsForgottenWithAllTheRest() {
    SeriesCache cache = new SeriesCache(64 << 20, () -> now);
    for (int i = 0; i < 1000; i++) {
      put(cache, "series " + i, i, 0);
    }
    assertThat(find(cache, "series 0")).isZero();
    cache.clear();
    for (int i = 0; i < 1000; i++) {
      assertThat(find(cache, "series " + i)).isEqualTo(SeriesCache.NONE);
    }
  }

  @Test
  void isBoundedAndKeepsWhatIsAskedFor() {
    SeriesCache cache = new SeriesCache(1 << 20, () -> now);
    put(cache, "kept", 1, 0);
    int known = 0;
    for (int i = 0; i < 100_000; i++) {
      put(cache, "series " + i, i, 0);
      assertThat(find(cache, "kept")).isEqualTo(1);
    }
    for (int i = 0; i < 100_000; i++) {
      known += find(cache, "series " + i) == SeriesCache.NONE ? 0 : 1;
    }
    assertThat(known).isBetween(1, (1 << 20) / 24);
  }

  @Test
  void asManyAsFitAreKept() {
    SeriesCache cache = new SeriesCache(1 << 20, () -> now);
    for (int round = 0; round < 3; round++) {
      for (int i = 0; i < 14_000; i++) {
        long ref = find(cache, "series " + i);
        assertThat(ref).isEqualTo(round == 0 ? SeriesCache.NONE : i);
        if (round == 0) {
          put(cache, "series " + i, i, 0);
        }
      }
    }
  }

  @Test
  void everyByteOfAKeyCounts() {
    SeriesCache cache = new SeriesCache(64 << 20, () -> now);
    for (int length : new int[] {1, 7, 8, 9, 15, 16, 17, 24, 31, 40, 70_000}) {
      String key = "x".repeat(length);
      put(cache, key, length, 0);
      assertThat(find(cache, key)).isEqualTo(length);
      assertThat(find(cache, key + "\0")).isEqualTo(SeriesCache.NONE);
      for (int i = 0; i < length; i += Math.max(1, length / 100)) {
        String other = key.substring(0, i) + "y" + key.substring(i + 1);
        assertThat(find(cache, other)).isEqualTo(SeriesCache.NONE);
      }
    }
  }

  @Test
  void keysThatDifferInOneBitAreDifferent() {
    SeriesCache cache = new SeriesCache(64 << 20, () -> now);
    byte[] key = new byte[48];
    for (int bit = 0; bit < key.length * 8; bit++) {
      byte[] one = key.clone();
      one[bit / 8] ^= (byte) (1 << bit % 8);
      cache.put(one, 0, one.length, bit, 0);
      for (int second = 0; second < bit; second++) {
        byte[] two = one.clone();
        two[second / 8] ^= (byte) (1 << second % 8);
        cache.put(two, 0, two.length, 1000L * bit + second, 0);
      }
    }
    for (int bit = 0; bit < key.length * 8; bit++) {
      byte[] one = key.clone();
      one[bit / 8] ^= (byte) (1 << bit % 8);
      cache.find(one, 0, one.length, found);
      assertThat(found.ref).isEqualTo(bit);
      for (int second = 0; second < bit; second++) {
        byte[] two = one.clone();
        two[second / 8] ^= (byte) (1 << second % 8);
        cache.find(two, 0, two.length, found);
        assertThat(found.ref).isEqualTo(1000L * bit + second);
      }
    }
  }

  /** After long its reference may belong to another series. */
  @Test
  void whatNobodyAsksForIsForgottenAfterAnHour() {
    SeriesCache cache = new SeriesCache(64 << 20, () -> now);
    put(cache, "asked", 1, 0);
    put(cache, "unused", 2, 0);
    for (int minute = 0; minute < 62; minute++) {
      now += TimeUnit.MINUTES.toNanos(1);
      assertThat(find(cache, "asked")).isEqualTo(1);
    }
    assertThat(find(cache, "unused")).isEqualTo(SeriesCache.NONE);
  }

  /** A sender may be a hundred times faster than the clock of its samples. */
  @Test
  void whatNobodyAsksForIsForgottenAfterManyLookupsOfOthers() {
    SeriesCache cache = new SeriesCache(64 << 20, () -> now);
    for (int i = 0; i < 2000; i++) {
      put(cache, "series " + i, i, 0);
    }
    for (int round = 0; round < 200; round++) {
      SeriesCache.Found own = new SeriesCache.Found();
      for (int i = 0; i < 1000; i++) {
        assertThat(find(cache, "series " + i, own)).isEqualTo(i);
      }
    }
    for (int i = 1000; i < 2000; i++) {
      assertThat(find(cache, "series " + i)).isEqualTo(SeriesCache.NONE);
    }
  }

  /** The time compressed: a tenth is replaced every four rounds, and no half hour passes. */
  @Test
  void seriesThatEndedAreFewHoweverFastTheyEnd() {
    SeriesCache cache = new SeriesCache(64 << 20, () -> now);
    int live = 10_000;
    int begun = 0;
    for (int round = 0; round < 100; round++) {
      SeriesCache.Found own = new SeriesCache.Found();
      int first = round / 4 * (live / 10);
      for (int series = first; series < first + live; series++) {
        long ref = find(cache, "series " + series, own);
        assertThat(ref).isEqualTo(series < begun ? series : SeriesCache.NONE);
        if (series >= begun) {
          put(cache, "series " + series, series, 0);
        }
      }
      begun = first + live;
    }
    int ended = 0;
    for (int series = 0; series < begun - live; series++) {
      ended += find(cache, "series " + series) == SeriesCache.NONE ? 0 : 1;
    }
    assertThat(ended).isLessThan(live / 2);
  }

  /** Series that end and series that begin; what is asked for in each round is always there. */
  @Test
  void whatIsInUseStaysWhileOthersComeAndGo() {
    SeriesCache cache = new SeriesCache(256 << 10, () -> now);
    for (int round = 0; round < 200; round++) {
      SeriesCache.Found own = new SeriesCache.Found();
      for (int i = 0; i < 2000; i++) {
        int series = i + 20 * round;
        long ref = find(cache, "series " + series, own);
        if (round == 0 || i >= 1980) {
          assertThat(ref).isEqualTo(SeriesCache.NONE);
          put(cache, "series " + series, series, 0);
        } else {
          assertThat(ref).isEqualTo(series);
        }
      }
    }
    assertThat(find(cache, "series 0")).isEqualTo(SeriesCache.NONE);
  }
}
