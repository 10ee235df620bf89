package io.narthex.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class SeriesCacheTest {
  private long now = 1;
  private final ByteBuilder key = new ByteBuilder();
  private final SeriesCache.Found found = new SeriesCache.Found();

  private ByteBuilder key(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    key.clear();
    key.add(bytes, 0, bytes.length);
    return key;
  }

  private long find(SeriesCache cache, String text) {
    cache.find(key(text), found);
    return found.ref;
  }

  @Test
  void findsWhatWasPutAndNothingElse() {
    SeriesCache cache = new SeriesCache(64 << 20, () -> now);
    for (int i = 0; i < 20_000; i++) {
      cache.put(key("series " + i), i, i % 7);
    }
    for (int i = 0; i < 20_000; i++) {
      assertThat(find(cache, "series " + i)).isEqualTo(i);
      assertThat(found.metadata).isEqualTo(i % 7);
    }
    assertThat(find(cache, "series")).isEqualTo(SeriesCache.NONE);
    assertThat(find(cache, "series 20000")).isEqualTo(SeriesCache.NONE);
    cache.put(key("series 5"), 77, 1);
    assertThat(find(cache, "series 5")).isEqualTo(77);
  }

  @Test
  void isBoundedAndKeepsWhatIsAskedFor() {
    SeriesCache cache = new SeriesCache(1 << 20, () -> now);
    cache.put(key("kept"), 1, 0);
    String large = "x".repeat(1000);
    int known = 0;
    for (int i = 0; i < 20_000; i++) {
      cache.put(key(large + i), i, 0);
      assertThat(find(cache, "kept")).isEqualTo(1);
    }
    for (int i = 0; i < 20_000; i++) {
      known += find(cache, large + i) == SeriesCache.NONE ? 0 : 1;
    }
    assertThat(known).isPositive().isLessThan(1100);
  }

  @Test
  void keysThatAreTooLongAreLeftOut() {
    SeriesCache cache = new SeriesCache(64 << 20, () -> now);
    String large = "x".repeat(70_000);
    cache.put(key(large), 1, 0);
    assertThat(find(cache, large)).isEqualTo(SeriesCache.NONE);
  }

  /** After long its reference may belong to another series. */
  @Test
  void whatNobodyAsksForIsForgottenAfterAnHour() {
    SeriesCache cache = new SeriesCache(64 << 20, () -> now);
    cache.put(key("asked"), 1, 0);
    cache.put(key("unused"), 2, 0);
    for (int minute = 0; minute < 62; minute++) {
      now += TimeUnit.MINUTES.toNanos(1);
      assertThat(find(cache, "asked")).isEqualTo(1);
    }
    assertThat(find(cache, "unused")).isEqualTo(SeriesCache.NONE);
  }
}
