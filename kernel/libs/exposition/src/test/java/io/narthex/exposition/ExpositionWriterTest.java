package io.narthex.exposition;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.exposition.ExpositionWriter.Format;
import io.narthex.model.Exemplar;
import io.narthex.model.Labels;
import io.narthex.model.MetricMetadata;
import io.narthex.model.MetricType;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

final class ExpositionWriterTest {
  private static String write(Format format) {
    ExpositionWriter w = new ExpositionWriter(format);
    w.family(new MetricMetadata("hits_total", MetricType.COUNTER, "Hits \\ and\n\"more\"", ""));
    w.sample(
        "hits_total",
        Labels.of("path", "a\"b\\c\nd€"),
        3,
        1500,
        new Exemplar(Labels.of("trace", "x"), 1, 1250, true));
    w.family(new MetricMetadata("temp.celsius", MetricType.GAUGE, "", ""));
    w.sample("temp.celsius", Labels.of("a.b", "1"), 1234567.5);
    w.finish();
    return new String(w.buffer(), 0, w.length(), StandardCharsets.UTF_8);
  }

  @Test
  void writesClassicText() {
    assertThat(write(Format.TEXT_0_0_4))
        .isEqualTo(
            """
            # HELP hits_total Hits \\\\ and\\n"more"
            # TYPE hits_total counter
            hits_total{path="a\\"b\\\\c\\nd€"} 3 1500
            # TYPE temp_celsius gauge
            temp_celsius{a_b="1"} 1.2345675e+06
            """);
  }

  @Test
  void writesOpenMetrics() {
    assertThat(write(Format.OPENMETRICS_1_0_0))
        .isEqualTo(
            """
            # HELP hits Hits \\\\ and\\n\\"more\\"
            # TYPE hits counter
            hits_total{path="a\\"b\\\\c\\nd€"} 3.0 1.5 # {trace="x"} 1.0 1.25
            # HELP "temp.celsius"\s
            # TYPE "temp.celsius" gauge
            {"temp.celsius","a.b"="1"} 1.2345675e+06
            # EOF
            """);
  }

  @Test
  void negotiates() {
    assertThat(Format.negotiate(null)).isEqualTo(Format.TEXT_0_0_4);
    assertThat(Format.negotiate("*/*")).isEqualTo(Format.TEXT_0_0_4);
    assertThat(
            Format.negotiate(
                "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"))
        .isEqualTo(Format.OPENMETRICS_1_0_0);
    assertThat(Format.negotiate("text/plain;version=0.0.4")).isEqualTo(Format.TEXT_0_0_4);
  }
}
