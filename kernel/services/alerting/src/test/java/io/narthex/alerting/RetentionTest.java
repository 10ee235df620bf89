package io.narthex.alerting;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.service.alerts.AlertmanagerService.SilenceRequest;
import io.narthex.service.config.AlertmanagerConfig.LabelMatcher;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What {@code --data.retention} means. */
class RetentionTest {
  @Test
  void endedSilencesAreForgottenAfterIt() {
    Instant now = Instant.parse("2026-01-01T00:00:00Z");
    Silences silences = new Silences(null, Duration.ofHours(2), false, now);
    silences.put(
        new SilenceRequest(
            "",
            List.of(new LabelMatcher("a", "=", "b")),
            now,
            now.plusSeconds(60),
            "me",
            "why",
            Map.of()),
        now);
    Instant ended = now.plusSeconds(60);
    silences.maintain(ended.plus(Duration.ofMinutes(119)));
    assertThat(silences.list(List.of(), ended)).hasSize(1);
    silences.maintain(ended.plus(Duration.ofHours(2)));
    assertThat(silences.list(List.of(), ended)).isEmpty();
  }
}
