package io.narthex.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.config.yaml.ConfigBinder;
import io.narthex.config.yaml.YamlReader;
import io.narthex.service.config.AccessConfig;
import io.narthex.service.config.AlertmanagerConfig;
import io.narthex.service.config.ConfigService;
import io.narthex.service.config.ConfigSnapshot;
import io.narthex.service.config.PrometheusConfig;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.StreamingOutput;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.BiFunction;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.Test;

@NullUnmarked
class RelabelStepsTest {
  private static final String FILE =
      """
      scrape_configs:
        - job_name: pool
          relabel_configs:
            - {source_labels: [a, b], target_label: c}
            - {source_labels: [c], regex: 1;2, action: drop}
            - {target_label: never, replacement: x}
      """;

  private static String steps(String pool, String labels) throws Exception {
    return answer(pool, labels, TargetsApi::relabelSteps);
  }

  private static String answer(
      String pool, String labels, BiFunction<TargetsApi, HttpServletRequest, Response> asked)
      throws Exception {
    PrometheusConfig prometheus =
        ConfigBinder.bind(YamlReader.read("p.yml", FILE), PrometheusConfig.class);
    ConfigService config =
        AccessHarness.fake(
            ConfigService.class,
            (name, a) ->
                new ConfigSnapshot(
                    prometheus,
                    FILE,
                    Path.of("/"),
                    AlertmanagerConfig.none(),
                    "",
                    Path.of("/"),
                    AccessConfig.DEFAULT));
    Map<String, String> parameters = Map.of("scrapePool", pool, "labels", labels);
    HttpServletRequest request =
        AccessHarness.fake(
            HttpServletRequest.class,
            (name, a) ->
                switch (name) {
                  case "getParameter" -> parameters.get((String) a[0]);
                  case "getParameterValues" -> new String[] {parameters.get((String) a[0])};
                  default -> null;
                });
    Response response = asked.apply(new TargetsApi(null, config), request);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ((StreamingOutput) response.getEntity()).write(out);
    return out.toString(StandardCharsets.UTF_8);
  }

  @Test
  void tellsWhatEachStepMakesOfTheLabels() throws Exception {
    assertThat(steps("pool", "{\"a\":\"1\",\"b\":\"2\"}"))
        .isEqualTo(
            "{\"status\":\"success\",\"data\":{\"steps\":["
                + "{\"rule\":{\"source_labels\":[\"a\",\"b\"],\"separator\":\";\",\"regex\":\"(.*)\","
                + "\"target_label\":\"c\",\"replacement\":\"$1\",\"action\":\"replace\"},"
                + "\"output\":{\"a\":\"1\",\"b\":\"2\",\"c\":\"1;2\"},\"keep\":true},"
                + "{\"rule\":{\"source_labels\":[\"c\"],\"separator\":\";\",\"regex\":\"1;2\","
                + "\"replacement\":\"$1\",\"action\":\"drop\"},\"output\":{},\"keep\":false},"
                + "{\"rule\":{\"separator\":\";\",\"regex\":\"(.*)\",\"target_label\":\"never\","
                + "\"replacement\":\"x\",\"action\":\"replace\"},\"output\":{},\"keep\":false}]}}");
  }

  @Test
  void showsTheConfigurationOfAPool() throws Exception {
    assertThat(answer("pool", "", TargetsApi::poolConfig))
        .startsWith("{\"status\":\"success\",\"data\":{\"yaml\":\"job_name: pool\\n")
        .contains("target_label: never");
    assertThatThrownBy(() -> answer("none", "", TargetsApi::poolConfig))
        .hasMessage("scrape pool \"none\" not found");
  }

  @Test
  void namesWhatIsWrong() {
    assertThatThrownBy(() -> steps("", "{}")).hasMessage("no scrapePool parameter provided");
    assertThatThrownBy(() -> steps("pool", "")).hasMessage("no labels parameter provided");
    assertThatThrownBy(() -> steps("none", "{}")).hasMessageContaining("\"none\" not found");
    assertThatThrownBy(() -> steps("pool", "{\"a\":1}")).hasMessageContaining("a is no text");
    assertThatThrownBy(() -> steps("pool", "[")).hasMessageContaining("error parsing labels");
  }
}
