package io.narthex.query;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ActiveQueriesTest {
  private static final Clock CLOCK = Clock.fixed(Instant.ofEpochSecond(60), ZoneOffset.UTC);

  @TempDir Path dir;

  @Test
  void holdsWhatRunsWhereThePlaceIsFree() throws Exception {
    Path file = dir.resolve("data").resolve(ActiveQueries.NAME);
    try (ActiveQueries active = new ActiveQueries(file, 2, CLOCK)) {
      assertThat(Files.size(file)).isEqualTo(1 + 2 * ActiveQueries.ENTRY);
      int first = active.begin("a");
      int second = active.begin("b{x=\"\\\"}\n");
      assertThat(active.begin("no place")).isEqualTo(-1);
      active.end(-1);
      byte[] bytes = Files.readAllBytes(file);
      assertThat(new String(bytes, 0, 41, StandardCharsets.UTF_8))
          .isEqualTo("[{\"query\":\"a\",\"timestamp_sec\":60},\0\0\0\0\0\0\0".substring(0, 41));
      assertThat(ActiveQueries.unfinished(file))
          .containsExactly(
              "{\"query\":\"a\",\"timestamp_sec\":60}",
              "{\"query\":\"b{x=\\\"\\\\\\\"}\\n\",\"timestamp_sec\":60}");
      active.end(first);
      assertThat(ActiveQueries.unfinished(file)).hasSize(1);
      assertThat(active.begin("c")).isEqualTo(first);
      active.end(first);
      active.end(second);
      assertThat(ActiveQueries.unfinished(file)).isEmpty();
    }
    // closed: nothing is noted, nothing fails
    assertThat(ActiveQueries.unfinished(file)).isEmpty();
  }

  @Test
  void cutsLongQueriesBetweenCharacters() {
    for (String unit : new String[] {"x", "\u00e4", "\ud83d\ude00", "\\", "\u0001", "\ud800"}) {
      byte[] entry = ActiveQueries.entry(unit.repeat(5000), 1_700_000_000);
      assertThat(entry.length).isBetween(ActiveQueries.ENTRY - 8, ActiveQueries.ENTRY);
      String text = new String(entry, StandardCharsets.UTF_8);
      assertThat(text).startsWith("{\"query\":\"").endsWith("\",\"timestamp_sec\":1700000000},");
      assertThat(text.getBytes(StandardCharsets.UTF_8)).isEqualTo(entry);
    }
  }

  @Test
  void readsNothingFromNoFile() throws Exception {
    assertThat(ActiveQueries.unfinished(dir.resolve("none"))).isEmpty();
    Files.writeString(dir.resolve("odd"), "[");
    assertThat(ActiveQueries.unfinished(dir.resolve("odd"))).isEmpty();
  }
}
