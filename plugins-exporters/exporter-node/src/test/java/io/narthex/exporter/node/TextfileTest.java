package io.narthex.exporter.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.model.Labels;
import io.narthex.model.MetricMetadata;
import io.narthex.model.MetricType;
import io.narthex.testkit.exporter.RecordingMetrics;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Text files as node_exporter 1.11 reads them; each case was seen there. */
@NullUnmarked
final class TextfileTest {
  @TempDir Path folder;

  private void write(String name, String content) throws IOException {
    Files.writeString(folder.resolve(name), content.translateEscapes());
  }

  private RecordingMetrics collect() throws InterruptedException {
    List<String> flags =
        List.of(
            "--collector.disable-defaults",
            "--collector.textfile",
            "--collector.textfile.directory=" + folder);
    NodeConfig config = new NodeConfig("/proc", "/sys", "/", "/run/udev/data", flags);
    try (NodeExporter exporter = new NodeExporter(config, TestAccess.with(new RecordedNetlink()))) {
      RecordingMetrics got = new RecordingMetrics();
      exporter.collect(got, Map.of());
      assertThat(got.faults()).isEmpty();
      return got;
    }
  }

  /** Returns the samples that the files have, each followed by its value. */
  private static String shown(RecordingMetrics metrics) {
    Map<String, Double> all = new TreeMap<>();
    metrics.samples().forEach((labels, value) -> all.put(labels.toString(), value));
    StringBuilder b = new StringBuilder();
    all.forEach((labels, value) -> {
      if (!labels.contains("\"node_")) {
        b.append(labels).append(' ').append(value).append('\n');
      }
    });
    return b.toString();
  }

  private static double errors(RecordingMetrics metrics) {
    return metrics.samples().get(Labels.of(Labels.METRIC_NAME, "node_textfile_scrape_error"));
  }

  private static String samples(Object... labelsAndValues) {
    Map<String, Double> all = new TreeMap<>();
    for (int i = 0; i < labelsAndValues.length; i += 2) {
      all.put(labelsAndValues[i].toString(), ((Number) labelsAndValues[i + 1]).doubleValue());
    }
    StringBuilder b = new StringBuilder();
    all.forEach((labels, value) -> b.append(labels).append(' ').append(value).append('\n'));
    return b.toString();
  }

  private static Labels of(String name, String... labels) {
    return Labels.of(labels).with(Labels.METRIC_NAME, name);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\u0001',
      value = {
        "m nan\\n|NaN",
        "m Nan\\n|NaN",
        "m inf\\n|Infinity",
        "m INF\\n|Infinity",
        "m +inf\\n|Infinity",
        "m infinity\\n|Infinity",
        "m -Inf\\n|-Infinity",
        "m 1E-2\\n|0.01",
        "m .5\\n|0.5",
        "m +5\\n|5"
      })
  void takesTheNumbersOfScripts(String text, double value) throws Exception {
    write("a.prom", text);
    RecordingMetrics got = collect();
    assertThat(shown(got)).isEqualTo(samples(of("m"), value));
    assertThat(errors(got)).isZero();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "  # HELP m h\\n\\t# TYPE m gauge\\n   m{a=\"b\"} 1\\n",
        "# HELP m h\\n# TYPE m gauge\\nm {a=\"b\"} 1\\n",
        "# HELP m h\\n# TYPE m gauge\\nm{ a = \"b\" , } 1\\n",
        "#\\tHELP\\tm\\th\\n#\\tTYPE  m  gauge\\nm{a=\"b\"}\\t1\\n",
        "# HELP m h\\n# TYPE m GAUGE\\nm{a=\"b\"} 1\\n\\n# end\\n#\\n"
      })
  void takesBlanksWhereTheFormatDoes(String text) throws Exception {
    write("a.prom", text);
    RecordingMetrics got = collect();
    assertThat(shown(got)).isEqualTo(samples(of("m", "a", "b"), 1));
    assertThat(got.families().get("m"))
        .isEqualTo(new MetricMetadata("m", MetricType.GAUGE, "h", ""));
    assertThat(errors(got)).isZero();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "m 1\\nn 123", // half written
        "m 1\\r\\n",
        "m 5d\\n",
        "m 5f\\n",
        "m 0x1p3\\n",
        "m 0x10\\n",
        "m 1_000\\n",
        "m{model=\"T 2.5\" HDD\",name=\"x\"} 1\\n",
        "m{a=\"1\",a=\"2\"} 1\\n",
        "m{a=\"1\"b=\"2\"} 1\\n",
        "m-x 1\\n",
        "m.x 1\\n",
        "1a 1\\n",
        "m{a-b=\"1\"} 1\\n",
        "{a = \"b\"} 1\\n",
        "{\"m.x\"} 2\\n",
        "m{\"x.y\"=\"z\"} 1\\n",
        "# HELP m a\\n# HELP m b\\nm 1\\n",
        "# TYPE m gauge\\n# TYPE m counter\\nm 1\\n",
        "m 1\\n# TYPE m gauge\\n",
        "# TYPE m info\\nm 1\\n",
        "# TYPE m unknown\\nm 1\\n",
        "m{a=\"\\\\t\"} 1\\n",
        "# HELP m a\\\\tc\\nm 1\\n",
        "# TYPE h histogram\\nh_bucket{le=\"1\"} -1\\n",
        "\\ufeffm 1\\n",
        "m 1 1000\\nn 2\\n",
        "m 1\\nn 2\\nbad\\n"
      })
  void nothingIsTakenOfAMalformedFile(String text) throws Exception {
    write("a.prom", text.replace("\\ufeff", "\ufeff"));
    write("b.prom", "other 1\\n");
    RecordingMetrics got = collect();
    assertThat(shown(got)).isEqualTo(samples(of("other"), 1));
    assertThat(errors(got)).isOne();
    assertThat(got.samples())
        .containsKey(of("node_textfile_mtime_seconds", "file", folder + "/b.prom"))
        .doesNotContainKey(of("node_textfile_mtime_seconds", "file", folder + "/a.prom"));
  }

  @Test
  void refusesLatinBytes() throws Exception {
    Files.write(
        folder.resolve("a.prom"), "m{a=\"\u00e4\"} 1\n".getBytes(StandardCharsets.ISO_8859_1));
    RecordingMetrics got = collect();
    assertThat(shown(got)).isEmpty();
    assertThat(errors(got)).isOne();
  }

  @Test
  void theFirstOfTwoEqualSeriesCounts() throws Exception {
    write("a.prom", "m{a=\"1\"} 1\\nm{a=\"1\"} 2\\nm{a=\"2\"} 3\\n");
    write("b.prom", "m{a=\"1\"} 4\\n");
    RecordingMetrics got = collect();
    assertThat(shown(got)).isEqualTo(samples(of("m", "a", "1"), 1, of("m", "a", "2"), 3));
    assertThat(errors(got)).isZero();
  }

  @Test
  void histogramsHaveTheirBoundsAsNumbersAndAnInfiniteOne() throws Exception {
    write(
        "a.prom",
        "# TYPE h histogram\\nh_bucket{le=\"1.0\"} 2\\nh_bucket{le=\"0.50\"} 1\\nh_sum 3\\nh_count 4\\n"
            + "# TYPE s summary\\ns{quantile=\"0.90\"} 1\\ns_sum 3\\ns_count 4\\n");
    assertThat(shown(collect()))
        .isEqualTo(
            samples(
                of("h_bucket", "le", "0.5"),
                1,
                of("h_bucket", "le", "1"),
                2,
                of("h_bucket", "le", "+Inf"),
                4,
                of("h_sum"),
                3,
                of("h_count"),
                4,
                of("s", "quantile", "0.9"),
                1,
                of("s_sum"),
                3,
                of("s_count"),
                4));
  }

  @Test
  void filesWithDifferentHelpDoNotShareAFamily() throws Exception {
    write("a.prom", "# HELP m a\\nm{f=\"1\"} 1\\n");
    write("b.prom", "# HELP m b\\nm{f=\"2\"} 1\\nn 3\\n");
    RecordingMetrics got = collect();
    assertThat(shown(got)).isEqualTo(samples(of("m", "f", "1"), 1, of("n"), 3));
    assertThat(got.families().get("m").help()).isEqualTo("a");
    assertThat(errors(got)).isOne();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\u0001',
      value = {"# HELP m a\\n|none", "none|# HELP m b\\n", "# TYPE m gauge\\n|# TYPE m counter\\n"})
  void filesThatDifferOtherwiseLoseWhatComesLater(String first, String second) throws Exception {
    write("a.prom", first.replace("none", "") + "m{f=\"1\"} 1\\n");
    write("b.prom", second.replace("none", "") + "m{f=\"2\"} 1\\n");
    RecordingMetrics got = collect();
    assertThat(shown(got)).isEqualTo(samples(of("m", "f", "1"), 1));
    assertThat(errors(got)).isZero();
  }

  @Test
  void filesWithoutHelpShareOne() throws Exception {
    write("a.prom", "m{f=\"1\"} 1\\n");
    write("b.prom", "m{f=\"2\"} 1\\n");
    RecordingMetrics got = collect();
    assertThat(shown(got)).isEqualTo(samples(of("m", "f", "1"), 1, of("m", "f", "2"), 1));
    assertThat(got.families().get("m").help())
        .isEqualTo("Metric read from " + folder + "/a.prom, " + folder + "/b.prom");
  }

  @Test
  void aFolderThatIsNotThereIsAnError() throws Exception {
    Files.delete(folder);
    assertThat(errors(collect())).isOne();
  }
}
