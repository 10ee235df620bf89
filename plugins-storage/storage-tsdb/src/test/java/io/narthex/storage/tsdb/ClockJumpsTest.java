package io.narthex.storage.tsdb;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.model.Labels;
import io.narthex.spi.storage.AppendResult;
import io.narthex.testkit.FakeClock;
import io.narthex.testkit.storage.StoredSeries;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Scrapes while the clock jumps: nothing is deleted, and once it is right all is taken again. */
class ClockJumpsTest {
  private static final int SERIES = 3;
  private static final long INTERVAL = 60_000;
  private static final long TEN_YEARS = 87_600;

  @TempDir private Path folder = Path.of("");

  private final FakeClock clock = new FakeClock(TestDb.T0);
  private final Map<String, Map<Long, Double>> taken = new TreeMap<>();
  private int scrapes;
  private TsdbStorage db;

  @BeforeEach
  void open() {
    db = TestDb.open(folder, TestDb.config(Duration.ofDays(15), 0, Duration.ZERO, 64 << 10), clock);
  }

  @AfterEach
  void close() {
    db.close();
  }

  /** Appends a sample of each series at the clock's time; returns those that were refused. */
  private List<Byte> scrape(int series) {
    List<Byte> refused = new ArrayList<>();
    scrapes++;
    for (int i = 0; i < series; i++) {
      Labels labels = TestDb.series("m", i);
      byte code = TestDb.append(db, labels, clock.millis(), scrapes);
      if (code == AppendResult.OK) {
        taken
            .computeIfAbsent(labels.toString(), _ -> new TreeMap<>())
            .put(clock.millis(), (double) scrapes);
      } else {
        refused.add(code);
      }
    }
    return refused;
  }

  private void run(Duration time) {
    for (long ms = 0; ms < time.toMillis(); ms += INTERVAL) {
      clock.advance(Duration.ofMillis(INTERVAL));
      assertThat(scrape(SERIES)).as("refused at %s", clock.instant()).isEmpty();
      if (ms % 3_600_000 == 0) {
        db.maintain();
      }
    }
    db.maintain();
  }

  private void everythingTakenIsThere() {
    Map<String, Map<Long, Double>> found = new TreeMap<>();
    for (StoredSeries s : TestDb.all(db)) {
      Map<Long, Double> samples = new TreeMap<>();
      s.samples().forEach(sample -> samples.put(sample.timeMs(), sample.value()));
      found.put(s.labels().toString(), samples);
    }
    assertThat(found).isEqualTo(taken);
  }

  private double counted() {
    return db.stats(0).counters().entrySet().stream()
        .filter(c -> c.getKey().matches("(out_of_order|out_of_bound|too_old)_samples_total.*"))
        .mapToDouble(Map.Entry::getValue)
        .sum();
  }

  @ParameterizedTest
  @ValueSource(longs = {1, TEN_YEARS})
  void allIsTakenAgainOnceAClockThatWasAheadIsRight(long hours) {
    run(Duration.ofHours(5));
    assertThat(db.blocks().list()).isNotEmpty();
    // not at the very times of later samples
    clock.advance(Duration.ofHours(hours).plusSeconds(7));
    for (int i = 0; i < 5; i++) {
      clock.advance(Duration.ofMillis(INTERVAL));
      assertThat(scrape(SERIES + 1)).isEmpty(); // one of the series is new
      db.maintain();
    }
    assertThat(db.counters().get("head_truncations_total"))
        .as("the hours without samples are not looked through one by one")
        .isLessThan(20);
    clock.advance(Duration.ofHours(-hours).minusSeconds(7));
    run(Duration.ofMinutes(30));
    everythingTakenIsThere();
    db.close();
    open();
    everythingTakenIsThere();
    // beyond the time at which the clock was ahead by an hour, and beyond the next block
    run(Duration.ofHours(4));
    everythingTakenIsThere();
    assertThat(counted()).isZero();
  }

  @ParameterizedTest
  @ValueSource(longs = {1, TEN_YEARS})
  void whatAClockThatIsBehindGivesIsRefusedAndCountedAndNothingIsDeleted(long hours) {
    run(Duration.ofHours(5));
    clock.advance(Duration.ofHours(-hours));
    int refused = 0;
    for (int i = 0; i < 5; i++) {
      clock.advance(Duration.ofMillis(INTERVAL));
      List<Byte> codes = scrape(SERIES);
      assertThat(codes).hasSize(SERIES);
      assertThat(codes).isSubsetOf(AppendResult.OUT_OF_ORDER, AppendResult.OUT_OF_BOUNDS);
      refused += codes.size();
      db.maintain();
    }
    assertThat(counted()).isEqualTo(refused);
    everythingTakenIsThere();
    clock.advance(Duration.ofHours(hours));
    run(Duration.ofHours(4));
    everythingTakenIsThere();
    assertThat(counted()).isEqualTo(refused);
  }

  /** As much as a head of a server that ran for hours while its clock was ahead. */
  @Test
  void aBlockFromTheFutureRefusesNothingOfToday() {
    run(Duration.ofHours(3));
    clock.advance(Duration.ofHours(200).plusSeconds(7));
    run(Duration.ofHours(7));
    clock.advance(Duration.ofHours(-200).minusSeconds(7));
    run(Duration.ofMinutes(10));
    everythingTakenIsThere();
    db.close();
    open();
    run(Duration.ofHours(4));
    everythingTakenIsThere();
  }
}
