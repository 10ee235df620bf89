package io.narthex.alerting;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.model.Labels;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class HandedAlertsTest {
  private static final Instant T = Instant.parse("2026-01-02T03:04:05Z");

  @Test
  void alertsArriveAsTheyWere() {
    List<StoredAlert> alerts =
        List.of(
            new StoredAlert(
                Labels.of("alertname", "Hot"),
                Map.of("summary", "it is hot", "runbook", ""),
                T,
                T.plusSeconds(60),
                T.plusSeconds(5),
                "http://g",
                true),
            new StoredAlert(
                Labels.of("alertname", "Cold"), Map.of(), T, T.plusSeconds(9), T, "", false));
    assertThat(HandedAlerts.read(HandedAlerts.write(alerts))).isEqualTo(alerts);
  }

  @Test
  void anotherFormIsNoAlert() {
    assertThat(HandedAlerts.read(null)).isEmpty();
    assertThat(HandedAlerts.read("text")).isEmpty();
    assertThat(HandedAlerts.read(List.of(Map.of("labels", "text")))).isEmpty();
  }
}
