package io.narthex.testkit.swap;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.model.go.GoUrl;
import io.narthex.spi.config.ByteSize;
import io.narthex.spi.config.Secret;
import io.narthex.spi.config.Setting;
import io.narthex.spi.plugin.HttpTransport.HttpSettings;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class SettingsRecordTest {
  enum Colour {
    RED,
    BLUE
  }

  record Inner(@Setting int number, @Setting(defaultValue = "blue") Colour colour) {}

  record Outer(
      @Setting String text,
      @Setting(defaultValue = "1h30m") Duration refreshInterval,
      @Setting(name = "where") @Nullable GoUrl url,
      @Setting @Nullable Secret password,
      @Setting(defaultValue = "512MB") ByteSize size,
      @Setting List<Inner> list,
      @Setting Map<String, Double> map,
      @Setting Inner inner,
      @Setting(optional = true) @Nullable Inner maybe,
      @Setting(inline = true) HttpSettings http) {}

  @Test
  void takesDefaults() {
    Outer o = SettingsRecord.of(Outer.class, Map.of());
    assertThat(o)
        .isEqualTo(
            new Outer(
                "",
                Duration.ofMinutes(90),
                null,
                null,
                new ByteSize(512 << 20),
                List.of(),
                Map.of(),
                new Inner(0, Colour.BLUE),
                null,
                o.http()));
    assertThat(o.http().followRedirects()).isTrue();
  }

  @Test
  void takesWhatStandsInYaml() {
    Outer o =
        SettingsRecord.of(
            Outer.class,
            Map.of(
                "text",
                "t",
                "refresh_interval",
                "250ms",
                "where",
                "http://h/",
                "password",
                "p",
                "list",
                List.of(Map.of("number", 7, "colour", "red")),
                "map",
                Map.of("a", 1.5),
                "maybe",
                Map.of("number", "3"),
                "follow_redirects",
                false));
    assertThat(o.refreshInterval()).isEqualTo(Duration.ofMillis(250));
    assertThat(o.url()).isEqualTo(GoUrl.parse("http://h/"));
    assertThat(o.password()).isEqualTo(Secret.of("p"));
    assertThat(o.list()).containsExactly(new Inner(7, Colour.RED));
    assertThat(o.map()).containsEntry("a", 1.5);
    assertThat(o.maybe()).isEqualTo(new Inner(3, Colour.BLUE));
    assertThat(o.http().followRedirects()).isFalse();
  }

  @Test
  void refusesWhatDoesNotFit() {
    assertThatThrownBy(() -> SettingsRecord.of(Inner.class, Map.of("number", "x")))
        .hasMessage("settings: number must be a int, got \"x\"");
    assertThatThrownBy(() -> SettingsRecord.of(Outer.class, Map.of("refresh_interval", "5 s")))
        .hasMessage("settings: refresh_interval must be a Duration, got \"5 s\"");
    assertThatThrownBy(() -> SettingsRecord.of(Inner.class, Map.of("colour", "green")))
        .hasMessage("settings: colour must be a Colour, got \"green\"");
  }
}
