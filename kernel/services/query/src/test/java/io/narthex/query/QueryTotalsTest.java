package io.narthex.query;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.service.query.QueryActivity.Source;
import io.narthex.service.query.QueryActivity.Top;
import io.narthex.service.query.QueryActivity.Total;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class QueryTotalsTest {
  private static final long MS = 1_000_000;
  private static final Duration HOUR = Duration.ofHours(1);

  private final AtomicLong now = new AtomicLong(-5_000_000_000L);
  private final QueryTotals totals = new QueryTotals(now::get, 10, 5000);

  private void record(String query, int ms, long bytes) {
    totals.record(query, Source.API, 60, ms * MS, bytes);
  }

  @Test
  void addsUpEqualQueries() {
    record("a", 2, 100);
    record(new String("a"), 4, 300);
    totals.record("a", Source.RULES, 60, 3 * MS, 1);
    totals.record("a", Source.API, 0, 3 * MS, 1);
    assertThat(totals.top(10, HOUR).byCount())
        .contains(
            new Total("a", Source.API, 60, 2, 6 * MS, 400),
            new Total("a", Source.RULES, 60, 1, 3 * MS, 1),
            new Total("a", Source.API, 0, 1, 3 * MS, 1))
        .hasSize(3);
  }

  @Test
  void eachListHasItsOrder() {
    record("often", 2, 10);
    record("often", 2, 10);
    record("often", 2, 10);
    record("sum", 30, 20);
    record("sum", 30, 20);
    record("long", 50, 1);
    record("large", 1, 1000);
    Top top = totals.top(1, HOUR);
    assertThat(top.byCount()).extracting(Total::query).containsExactly("often");
    assertThat(top.byAverageDuration()).extracting(Total::query).containsExactly("long");
    assertThat(top.bySumDuration()).extracting(Total::query).containsExactly("sum");
    assertThat(top.byAverageMemory()).extracting(Total::query).containsExactly("large");
    assertThat(totals.top(10, HOUR).bySumDuration())
        .extracting(Total::query)
        .containsExactly("sum", "long", "often", "large");
  }

  @Test
  void leavesOutShortAndOldOnes() {
    totals.record("short", Source.API, 0, MS - 1, 1);
    record("old", 2, 1);
    now.addAndGet(Duration.ofMinutes(11).toNanos());
    record("new", 2, 1);
    assertThat(totals.top(10, Duration.ofMinutes(10)).byCount())
        .extracting(Total::query)
        .containsExactly("new");
    assertThat(totals.top(10, HOUR).byCount()).hasSize(2);
  }

  @Test
  void forgetsTheOldest() {
    for (int i = 0; i < 25; i++) {
      record("q" + i, 2, 1);
    }
    assertThat(totals.top(100, HOUR).byCount())
        .extracting(Total::query)
        .containsExactly("q15", "q16", "q17", "q18", "q19", "q20", "q21", "q22", "q23", "q24");
  }

  @Test
  void longTextsAreCutAndBoundedTogether() {
    for (int i = 0; i < 9; i++) {
      record("x".repeat(100_000) + i, 2, 1);
    }
    Top top = totals.top(100, HOUR);
    assertThat(top.byCount()).hasSize(5);
    assertThat(top.byCount().get(0).query()).hasSize(1000).endsWith("x…");
    record("small", 2, 1);
    assertThat(totals.top(100, HOUR).byCount()).extracting(Total::query).contains("small");
  }

  @Test
  void aTextSeenBeforeAllocatesNothing() {
    QueryTotals large = new QueryTotals(System::nanoTime);
    var bean =
        (com.sun.management.ThreadMXBean) java.lang.management.ManagementFactory.getThreadMXBean();
    String text = "sum by (job) (rate(http_requests_total[5m]))";
    for (int i = 0; i < 30_000; i++) {
      large.record(text, Source.API, 60, 2 * MS, 1);
    }
    long before = bean.getCurrentThreadAllocatedBytes();
    for (int i = 0; i < 30_000; i++) {
      large.record(text, Source.API, 60, 2 * MS, 1);
    }
    assertThat(bean.getCurrentThreadAllocatedBytes() - before).isLessThan(30_000);
    assertThat(large.top(1, HOUR).byCount().get(0).count()).isEqualTo(QueryTotals.QUERIES);
  }
}
