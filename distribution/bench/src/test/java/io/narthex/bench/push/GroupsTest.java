package io.narthex.bench.push;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import org.junit.jupiter.api.Test;

final class GroupsTest {
  private static final String ONE =
      """
      {"a":{"time_stamp":"2026-11-24T23:52:08Z","type":"GAUGE","help":"one",
       "metrics":[{"labels":{"instance":"","job":"x"},"value":"1"}]},
       "labels":{"job":"x","path":"a/b","zone":""},"last_push_successful":true,
       "push_time_seconds":{"time_stamp":"2026-11-24T23:52:08Z","type":"GAUGE",
       "metrics":[{"labels":{"instance":"","job":"x"},"value":"1.79e+09"}]}}\
      """;
  private static final String TWO = "{\"labels\":{\"job\":\"y\"},\"last_push_successful\":false}";

  private static Groups groups(String... groups) throws IOException {
    return Groups.parse("{\"status\":\"success\",\"data\":[" + String.join(",", groups) + "]}");
  }

  @Test
  void theOrderOfGroupsAndTheTimesOfPushesDoNotMatter() throws IOException {
    String later = ONE.replace("23:52", "23:53").replace("1.79e+09", "1.7900001e+09");
    assertThat(groups(ONE, TWO).differences(groups(TWO, later))).isEmpty();
  }

  @Test
  void groupsHelpTextsValuesAndOutcomesMatter() throws IOException {
    assertThat(groups(ONE, TWO).differences(groups(ONE)))
        .containsExactly("group {job=\"y\"} is on one side only");
    assertThat(groups(ONE).differences(groups(ONE.replace("\"one\"", "\"two\"")))).hasSize(1);
    assertThat(groups(ONE).differences(groups(ONE.replace("\"1\"", "\"2\"")))).hasSize(1);
    assertThat(groups(ONE).differences(groups(ONE.replace("1.79e+09", "0")))).hasSize(1);
    assertThat(groups(TWO).differences(groups(TWO.replace("false", "true")))).hasSize(1);
  }

  @Test
  void namesHelpTextsAndPathsOfGroups() throws IOException {
    assertThat(groups(ONE, TWO).helps("a")).containsExactly("one");
    assertThat(groups(ONE, TWO).helps("b")).isEmpty();
    assertThat(groups(ONE).paths())
        .containsExactly("/metrics/job@base64/eA/path@base64/YS9i/zone@base64/=");
  }

  @Test
  void refusesAnAnswerThatIsNone() {
    assertThatThrownBy(() -> Groups.parse("{\"status\":\"error\"}"))
        .isInstanceOf(IOException.class);
    assertThatThrownBy(() -> groups(TWO, TWO)).hasMessage("the group {job=\"y\"} is there twice");
  }
}
