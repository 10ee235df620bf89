package io.narthex.bench.push;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

final class TallyTest {
  @Test
  void countsByKindStatusAndReason() {
    Tally tally = new Tally();
    Request push = new Request("text", "PUT", "/metrics/job/x", Map.of(), new byte[0]);
    tally.count(push, new Reply(200, ""));
    tally.count(push, new Reply(400, "text format parsing error in line 7: invalid \"x\"\n"));
    tally.count(push, new Reply(400, "text format parsing error in line 9: invalid \"y\\\"z\"\n"));
    tally.count(push, new Reply(0, ""));
    String invalid = "pushed metrics are invalid or inconsistent with existing metrics: ";
    String metric = "collected metric \"a\" { label:{name:\"b\"}} is not a GAUGE\n";
    tally.count(push, new Reply(400, invalid + metric));
    tally.count(push, new Reply(400, invalid + "2 error(s) occurred:\n* " + metric + "* other\n"));
    tally.count(
        new Request("delete", "DELETE", "/metrics/job/x", Map.of(), new byte[0]),
        new Reply(202, ""));
    assertThat(tally.acceptedPercent()).isEqualTo(16);
    assertThat(tally.lines())
        .containsExactly(
            "delete: 1 times 202",
            "text: 1 not answered, 1 times 200, 4 times 400",
            "refused 1 times: (no text)",
            "refused 2 times: collected metric … … is not a GAUGE",
            "refused 2 times: text format parsing error in …: invalid …");
  }
}
