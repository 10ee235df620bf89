package io.narthex.query;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.model.Labels;
import io.narthex.query.context.EngineOptions;
import io.narthex.service.query.QueryEngine;
import io.narthex.service.query.QueryOrigin;
import io.narthex.spi.storage.SampleBatch;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
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
  void queryIsInTheFileWhileItRunsAndNoLonger() throws Exception {
    Path file = dir.resolve(ActiveQueries.NAME);
    List<List<String>> during = new ArrayList<>();
    TestStorage data = new TestStorage();
    SampleBatch batch = new SampleBatch(1);
    batch.add(data.resolve(Labels.of("__name__", "m")), 0, 1);
    data.append(batch);
    PromqlEngine engine =
        new PromqlEngine(
            new DelayedStorage(data, () -> during.add(unfinished(file))),
            () -> EngineOptions.DEFAULT);
    try (ActiveQueries active = new ActiveQueries(file, 2, CLOCK)) {
      engine.track(active);
      assertThat(engine.instant("m + m", 0, QueryEngine.Options.DEFAULT).data()).isNotNull();
      assertThat(during).contains(List.of("{\"query\":\"m + m\",\"timestamp_sec\":60}"));
      during.clear();
      engine.instant("m", 0, QueryEngine.Options.DEFAULT.from(new QueryOrigin.WarmUp()));
      assertThat(during).isNotEmpty().containsOnly(List.of());
      assertThat(ActiveQueries.unfinished(file)).isEmpty();
    } finally {
      engine.stop();
    }
  }

  private static List<String> unfinished(Path file) {
    try {
      return ActiveQueries.unfinished(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void readsNothingFromNoFile() throws Exception {
    assertThat(ActiveQueries.unfinished(dir.resolve("none"))).isEmpty();
    Files.writeString(dir.resolve("odd"), "[");
    assertThat(ActiveQueries.unfinished(dir.resolve("odd"))).isEmpty();
  }
}
