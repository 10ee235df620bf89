package io.narthex.text.time;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.time.ZoneId;
import java.util.Objects;
import java.util.TimeZone;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class GoZoneTest {
  private static final Instant SUMMER = Instant.parse("2026-07-01T00:00:00Z");

  @ParameterizedTest
  @CsvSource({
    "'',Z",
    "UTC,Z",
    "EST,-05:00",
    "MST,-07:00",
    "HST,-10:00",
    "EST5EDT,-04:00",
    "Europe/Berlin,+02:00",
    "posix/Europe/Berlin,+02:00",
    "posix/EST,-05:00",
    "Etc/GMT+2,-02:00",
    "GMT,Z"
  })
  void findsZonesOfTheDatabase(String name, String offset) {
    ZoneId zone = Objects.requireNonNull(GoZone.find(name));
    assertThat(zone.getRules().getOffset(SUMMER)).hasToString(offset);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"UTC+2", "+02:00", "GMT+2", "Z", "CST", "europe/berlin", "../x", "posix/"})
  void knowsNoOther(String name) {
    assertThat(GoZone.find(name)).isNull();
  }

  @Test
  void localIsTheZoneOfTheServer() {
    TimeZone before = TimeZone.getDefault();
    try {
      TimeZone.setDefault(TimeZone.getTimeZone("Asia/Shanghai"));
      assertThat(GoZone.find("Local")).hasToString("Asia/Shanghai");
      TimeZone.setDefault(TimeZone.getTimeZone("GMT"));
      assertThat(GoZone.find("Local")).hasToString("UTC");
    } finally {
      TimeZone.setDefault(before);
    }
  }
}
