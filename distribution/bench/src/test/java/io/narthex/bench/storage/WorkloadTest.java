package io.narthex.bench.storage;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class WorkloadTest {
  private static double[] values(Workload workload) {
    double[] values = new double[workload.series()];
    Arrays.setAll(values, workload::value);
    return values;
  }

  @Test
  void isTheSameAgain() {
    Workload workload = new Workload(3, 200, 5);
    workload.advance();
    double[] first = values(workload);
    workload.advance();
    double[] second = values(workload);
    assertThat(second).isNotEqualTo(first);
    workload.restart();
    workload.advance();
    assertThat(values(workload)).isEqualTo(first);
    workload.advance();
    assertThat(values(workload)).isEqualTo(second);
  }

  @Test
  void seriesAreDifferentAndCountersDoNotFall() {
    Workload workload = new Workload(2, 300, 6);
    Workload.Encoded labels = workload.encoded();
    Set<String> all = new HashSet<>();
    for (int s = 0; s < workload.series(); s++) {
      all.add(
          new String(
              labels.bytes(), labels.from(s), labels.length(s), StandardCharsets.ISO_8859_1));
    }
    assertThat(all).hasSize(600);
    List<byte[]> prefixes = workload.linePrefixes();
    double[] last = values(workload);
    for (int step = 0; step < 50; step++) {
      workload.advance();
      for (int s = 0; s < workload.series(); s++) {
        String prefix = new String(prefixes.get(s % 300), StandardCharsets.UTF_8);
        if (prefix.contains("_total{") || prefix.startsWith("http_")) {
          assertThat(workload.value(s)).as(prefix).isGreaterThanOrEqualTo(step == 0 ? 0 : last[s]);
        }
      }
      last = values(workload);
    }
  }

  @Test
  void pagesHaveALineForEachSeries() {
    Workload workload = new Workload(1, 100, 7);
    workload.advance();
    List<String> lines =
        new String(workload.page(0, workload.linePrefixes()), StandardCharsets.UTF_8)
            .lines()
            .toList();
    assertThat(lines).hasSize(100).doesNotHaveDuplicates();
    for (int s = 0; s < 100; s++) {
      String line = lines.get(s);
      assertThat(Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
          .isEqualTo(workload.value(s));
    }
    assertThat(lines).anyMatch(l -> l.startsWith("http_request_duration_seconds_sum{handler="));
  }
}
