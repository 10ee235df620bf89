package io.acme.httpd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.model.Labels;
import io.narthex.model.MetricType;
import io.narthex.model.go.GoUrl;
import io.narthex.spi.config.ConfigException;
import io.narthex.spi.exporter.Exporter;
import io.narthex.spi.plugin.HttpTransport.HttpSettings;
import io.narthex.spi.plugin.PluginContext;
import io.narthex.testkit.TestPluginContext;
import io.narthex.testkit.exporter.ExporterKit;
import io.narthex.testkit.exporter.RecordingMetrics;
import io.narthex.testkit.notifier.HttpStandIn;
import io.narthex.testkit.notifier.PlainHttp;
import io.narthex.testkit.swap.PluginSwap;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class HttpdExporterTest extends ExporterKit {
  private final HttpStandIn httpd;

  HttpdExporterTest() throws IOException {
    httpd = new HttpStandIn();
  }

  @BeforeEach
  void showAStatusPage() throws IOException {
    try (InputStream in = HttpdExporterTest.class.getResourceAsStream("event.txt")) {
      httpd.answer(
          "text/plain; charset=ISO-8859-1",
          new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8));
    }
  }

  @AfterEach
  void stop() {
    httpd.close();
  }

  @Override
  protected PluginContext context() {
    return new TestPluginContext(directory, clock, new PlainHttp());
  }

  @Override
  protected Exporter open(PluginContext context) {
    return open(httpd.url("/server-status?auto"), context);
  }

  private static Exporter open(GoUrl url, PluginContext context) {
    return new HttpdExporterProvider()
        .open(new HttpdConfig(url, Duration.ofSeconds(5), HttpSettings.DEFAULT), context);
  }

  private RecordingMetrics collect() throws InterruptedException {
    try (Exporter exporter = open(context())) {
      return collect(exporter);
    }
  }

  private static @Nullable Double value(RecordingMetrics metrics, String name, String... labels) {
    return metrics.samples().get(Labels.of(labels).with(Labels.METRIC_NAME, name));
  }

  @Test
  void givesTheFiguresOfThePage() throws InterruptedException {
    RecordingMetrics m = collect();
    assertThat(value(m, "apache_up")).isEqualTo(1);
    assertThat(value(m, "apache_version")).isEqualTo(2.04057);
    assertThat(
            value(
                m,
                "apache_info",
                "version",
                "Apache/2.4.57 (Debian) OpenSSL/3.0.11",
                "mpm",
                "event"))
        .isEqualTo(1);
    assertThat(value(m, "apache_accesses_total")).isEqualTo(131);
    assertThat(value(m, "apache_sent_kilobytes_total")).isEqualTo(138);
    assertThat(value(m, "apache_duration_ms_total")).isEqualTo(117);
    assertThat(value(m, "apache_uptime_seconds_total")).isEqualTo(9296);
    assertThat(value(m, "apache_cpuload")).isEqualTo(0.0215146);
    assertThat(value(m, "apache_cpu_time_ms_total", "type", "user")).isEqualTo(1500);
    assertThat(value(m, "apache_cpu_time_ms_total", "type", "system")).isEqualTo(500);
    assertThat(value(m, "apache_load", "interval", "15min")).isEqualTo(1.75);
    assertThat(value(m, "apache_generation", "type", "config")).isEqualTo(3);
    assertThat(value(m, "apache_workers", "state", "idle")).isEqualTo(48);
    assertThat(value(m, "apache_processes", "state", "stopping")).isEqualTo(1);
    assertThat(value(m, "apache_connections", "state", "keepalive")).isEqualTo(3);
    assertThat(value(m, "apache_scoreboard", "state", "reply")).isEqualTo(1);
    assertThat(value(m, "apache_scoreboard", "state", "open_slot")).isEqualTo(4);
    assertThat(value(m, "apache_scoreboard", "state", "dns")).isZero();
    assertThat(value(m, "apache_scoreboard", "state", "x")).as("a letter of the future").isOne();
    assertThat(Objects.requireNonNull(m.families().get("apache_accesses_total")).type())
        .isEqualTo(MetricType.COUNTER);
    assertThat(httpd.received()).last().extracting("path").isEqualTo("/server-status?auto");
  }

  @Test
  void givesWhatThereIsWithoutExtendedStatus() throws InterruptedException {
    httpd.answer("text/plain", "BusyWorkers: 1\nIdleWorkers: 4\nScoreboard: W____.....\n");
    RecordingMetrics m = collect();
    assertThat(m.families())
        .containsOnlyKeys(
            "apache_up",
            "apache_exporter_scrape_failures_total",
            "apache_info",
            "apache_workers",
            "apache_scoreboard");
    assertThat(value(m, "apache_info", "version", "UNKNOWN", "mpm", "UNKNOWN")).isEqualTo(1);
  }

  @Test
  void saysWhenTheServerIsDownAndWhenItIsBack() throws InterruptedException {
    httpd.status(503);
    try (Exporter exporter = open(context())) {
      RecordingMetrics m = collect(exporter);
      assertThat(value(m, "apache_up")).isEqualTo(1);
      assertThat(value(m, "apache_exporter_scrape_failures_total")).isEqualTo(1);
      assertThat(m.families()).hasSize(2);
      httpd.status(200);
      httpd.answer("text/html", "<html>It works!</html>");
      assertThat(value(collect(exporter), "apache_exporter_scrape_failures_total")).isEqualTo(2);
      httpd.answer("text/plain", "Scoreboard: _\n");
      m = collect(exporter);
      assertThat(value(m, "apache_scoreboard", "state", "idle")).isEqualTo(1);
      assertThat(value(m, "apache_exporter_scrape_failures_total")).isEqualTo(2);
    }
    httpd.close();
    RecordingMetrics m = collect();
    assertThat(value(m, "apache_up")).isZero();
    assertThat(value(m, "apache_exporter_scrape_failures_total")).isEqualTo(1);
    assertThat(m.families()).hasSize(2);
  }

  @Test
  void endsWhenTheScrapeIsOver() throws InterruptedException {
    httpd.hangs(true);
    Thread thread =
        new Thread(
            () -> {
              try {
                collect();
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            },
            "scrape under test");
    thread.start();
    while (httpd.received().isEmpty()) {
      Thread.onSpinWait();
    }
    thread.interrupt();
    thread.join(10_000);
    assertThat(thread.isAlive()).isFalse();
  }

  @Test
  void refusesAnAddressThatIsNotHttp() {
    assertThatThrownBy(() -> open(GoUrl.parse("ftp://h/x"), context()))
        .isInstanceOf(ConfigException.class)
        .hasMessage("url must begin with http:// or https://, got \"ftp://h/x\"");
  }

  @Test
  void noScrapeIsLostWhenItIsReplaced() {
    PluginSwap.swap(HttpdExporterProvider.class)
        .settings(Map.of("url", httpd.url("/server-status?auto").toString()))
        .losesNoScrape();
  }
}
