package io.narthex.config.alertmanager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.config.yaml.YamlReader;
import io.narthex.spi.config.ConfigException;
import java.time.Instant;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What amtool 0.33.1 takes and refuses. */
class TimeIntervalsTest {
  private static TimeIntervals parse(String interval) {
    return TimeIntervals.parse(YamlReader.read("am.yml", "[{" + interval + "}]"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "days_of_month: ['27:-1', '1:-27', '4:-24', '-31:-30', '5:-23']",
        "months: [0, '0:3', '-1:3', 13]",
        "location: EST",
        "location: posix/Europe/Berlin"
      })
  void takes(String interval) {
    assertThat(parse(interval).intervals()).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "days_of_month: ['5:-27']",
        "days_of_month: ['28:-1']",
        "days_of_month: ['1:-28']",
        "days_of_month: ['-5:-7']",
        "months: ['3:0']",
        "location: UTC+2",
        "location: '+02:00'",
        "location: Z"
      })
  void refuses(String interval) {
    assertThatThrownBy(() -> parse(interval)).isInstanceOf(ConfigException.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"EST", "posix/America/Panama"})
  void zonesCount(String zone) {
    TimeIntervals night =
        parse("times: [{start_time: '00:00', end_time: '01:00'}], location: " + zone);
    assertThat(night.contains(Instant.parse("2026-07-01T05:30:00Z"))).isTrue();
    assertThat(night.contains(Instant.parse("2026-07-01T04:30:00Z"))).isFalse();
  }
}
