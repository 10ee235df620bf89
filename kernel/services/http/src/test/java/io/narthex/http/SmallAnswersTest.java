package io.narthex.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.json.JsonMapper;
import io.narthex.model.Labels;
import io.narthex.model.MetricMetadata;
import io.narthex.model.MetricType;
import io.narthex.service.query.QueryEngine;
import io.narthex.service.targets.TargetService;
import io.narthex.service.targets.TargetService.TargetMetadata;
import io.narthex.spi.storage.MetadataStorage;
import io.narthex.spi.storage.StorageException;
import io.narthex.spi.storage.StorageStats;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Answers that are empty and no errors, as in the original. */
class SmallAnswersTest extends AccessHarness {
  @BeforeEach
  void serve() {
    start();
  }

  @Test
  void metadataOfAMetricThatNobodyHasIsAnEmptyList() throws Exception {
    Objects.requireNonNull(server).targets =
        fake(
            TargetService.class,
            (name, a) ->
                List.of(
                    new TargetMetadata(
                        Labels.of("job", "a"),
                        List.of(new MetricMetadata("up", MetricType.GAUGE, "Up.", "")))));
    HttpResponse<String> none = send(to("/api/v1/targets/metadata?metric=nosuch"));
    assertThat(none.statusCode()).isEqualTo(200);
    assertThat(none.body()).isEqualTo("{\"status\":\"success\",\"data\":[]}");
    assertThat(send(to("/api/v1/targets/metadata?metric=up")).body())
        .isEqualTo(
            "{\"status\":\"success\",\"data\":[{\"target\":{\"job\":\"a\"},\"type\":\"gauge\","
                + "\"help\":\"Up.\",\"unit\":\"\"}]}");
  }

  @Test
  void metadataThatNoTargetHasIsThatOfTheStorage() throws Exception {
    List<MetricMetadata> kept =
        List.of(
            new MetricMetadata("gone_total", MetricType.COUNTER, "Gone.", ""),
            new MetricMetadata("up", MetricType.GAUGE, "Of before.", ""));
    Objects.requireNonNull(server).targets =
        fake(
            TargetService.class,
            (name, a) ->
                List.of(
                    new TargetMetadata(
                        Labels.of("job", "a"),
                        List.of(new MetricMetadata("up", MetricType.GAUGE, "Up.", "")))));
    MetadataStorage keeping =
        fake(
            MetadataStorage.class,
            (name, a) ->
                kept.stream().filter(m -> a[0].equals("") || a[0].equals(m.name())).toList());
    storage = (name, a) -> name.equals("capability") ? keeping : null;
    assertThat(send(to("/api/v1/metadata")).body())
        .isEqualTo(
            "{\"status\":\"success\",\"data\":{"
                + "\"gone_total\":[{\"type\":\"counter\",\"unit\":\"\",\"help\":\"Gone.\"}],"
                + "\"up\":[{\"type\":\"gauge\",\"unit\":\"\",\"help\":\"Up.\"}]}}");
    assertThat(send(to("/api/v1/metadata?metric=gone_total")).body()).contains("Gone.");
    storage =
        (name, a) -> {
          throw new StorageException.Closed("the storage is being replaced");
        };
    assertThat(send(to("/api/v1/metadata?metric=up")).body()).contains("Up.");
  }

  /** Asks for the retention of a storage that keeps to these limits. */
  private String retention(Map<String, Double> limits) throws Exception {
    StorageStats stats =
        new StorageStats(
            0, 0, 0, 0, 0, 0, List.of(), 0, List.of(), List.of(), List.of(), List.of(), limits);
    storage = (name, a) -> name.equals("stats") ? stats : name.equals("ready");
    HttpResponse<String> answer = send(to("/api/v1/status/runtimeinfo"));
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    return new JsonMapper()
        .readTree(answer.body())
        .path("data")
        .path("storageRetention")
        .asText("absent");
  }

  @Test
  void retentionIsWhatTheStorageKeepsToWhateverTheFlagsSay() throws Exception {
    flags.put("storage.tsdb.retention.time", "3d");
    double days = 86_400;
    assertThat(retention(Map.of("retention_limit_seconds", 15 * days))).isEqualTo("15d");
    assertThat(retention(Map.of("retention_limit_bytes", 1.5 * (1L << 30))))
        .isEqualTo("1GiB512MiB");
    assertThat(
            retention(Map.of("retention_limit_seconds", 2 * days, "retention_limit_bytes", 1024.0)))
        .isEqualTo("2d or 1KiB");
  }

  private String asked(String method, String path) throws IOException {
    return raw(
        method
            + " "
            + path
            + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
  }

  @Test
  void emptySegmentsOfAPathAreARedirect() throws Exception {
    Map<String, String> paths =
        Map.of(
            "//targets", "/targets",
            "/api//v1/query?query=//", "/api/v1/query?query=//",
            "///", "/",
            "//evil.example//x", "/evil.example/x",
            "/narthex//api/v1/tokens", "/narthex/api/v1/tokens",
            "/a%2Fb//c", "/a%2Fb/c");
    for (String method : List.of("GET", "POST")) {
      for (Map.Entry<String, String> e : paths.entrySet()) {
        String answer = asked(method, e.getKey());
        if (e.getKey().contains("%2F")) {
          assertThat(answer).as("an escaped slash stays refused").startsWith("HTTP/1.1 400 ");
        } else {
          assertThat(answer)
              .as(e.getKey())
              .startsWith("HTTP/1.1 301 ")
              .containsIgnoringCase("\r\nLocation: " + e.getValue() + "\r\n");
        }
      }
    }
    assertThat(asked("GET", "/api/v1/query?query=up")).startsWith("HTTP/1.1 200 ");
  }

  @Test
  void federationOfNothingIsAnEmptyPage() throws Exception {
    storage =
        (name, a) -> {
          throw new AssertionError(name + ": {} selects nothing");
        };
    Objects.requireNonNull(server).query = fake(QueryEngine.class, (name, a) -> List.of());
    HttpResponse<String> page = send(to("/federate?match%5B%5D=%7B%7D"));
    assertThat(page.statusCode()).as(page.body()).isEqualTo(200);
    assertThat(page.body()).isEmpty();
    assertThat(page.headers().firstValue("Content-Type")).get().asString().contains("escaping=");
  }
}
