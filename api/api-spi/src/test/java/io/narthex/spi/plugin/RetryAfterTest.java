package io.narthex.spi.plugin;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.InputStream;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The header Retry-After as RFC 9110 has it. */
class RetryAfterTest {
  private static final Instant NOW = Instant.parse("2026-11-21T10:00:00.500Z");

  @ParameterizedTest
  @CsvSource({
    "0, PT0S",
    "7, PT7S",
    "' 120 ', PT2M",
    "'Sat, 21 Nov 2026 10:00:30 GMT', PT29.5S",
    "'Sat, 21 Nov 2026 09:59:00 GMT', PT0S",
  })
  void isReadAsSecondsAndAsADate(String header, Duration expected) {
    assertThat(retryAfter(header)).isEqualTo(expected);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "soon", "-1", "1.5", "99999999999999999999", "2026-11-21T10:00:30Z", "10 s"})
  void isNothingWhenItCannotBeRead(String header) {
    assertThat(retryAfter(header)).isNull();
  }

  @Test
  void isNothingWhenThereIsNone() {
    assertThat(retryAfter(null)).isNull();
  }

  private static @Nullable Duration retryAfter(@Nullable String header) {
    return new HttpTransport.Response() {
      @Override
      public int status() {
        return 429;
      }

      @Override
      public @Nullable String header(String name) {
        return name.equals("Retry-After") ? header : null;
      }

      @Override
      public InputStream body() {
        return InputStream.nullInputStream();
      }

      @Override
      public void close() {}
    }.retryAfter(NOW);
  }
}
