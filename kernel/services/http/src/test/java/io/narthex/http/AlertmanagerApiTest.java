package io.narthex.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.narthex.model.Labels;
import io.narthex.service.alerts.AlertmanagerService;
import io.narthex.service.alerts.AlertmanagerService.GroupView;
import io.narthex.service.alerts.AlertmanagerService.InvalidRequestException;
import io.narthex.service.alerts.AlertmanagerService.ReceiverView;
import io.narthex.service.alerts.AlertmanagerService.Silence;
import io.narthex.service.alerts.AlertmanagerService.SilenceState;
import io.narthex.service.alerts.AlertmanagerService.Status;
import io.narthex.service.alerts.AlertmanagerService.UnknownSilenceException;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What {@code /api/v2} answers when it refuses something, over real connections. */
class AlertmanagerApiTest extends AccessHarness {
  private static final String UNKNOWN = "00000000-0000-0000-0000-000000000000";

  @BeforeEach
  void serve() {
    start();
    Objects.requireNonNull(server).alerts =
        fake(
            AlertmanagerService.class,
            (name, a) ->
                switch (name) {
                  case "silence" -> Optional.empty();
                  case "expireSilence" -> throw new UnknownSilenceException(UNKNOWN);
                  case "putSilence" ->
                      throw new InvalidRequestException("invalid silence: matcher set 0: x");
                  default -> List.of();
                });
  }

  private static void fault(HttpResponse<String> answer, int status, int code, String message)
      throws Exception {
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
    assertThat(answer.headers().firstValue("Content-Type")).contains("application/json");
    JsonNode read = new JsonMapper().readTree(answer.body());
    assertThat(read.path("code").asInt()).isEqualTo(code);
    assertThat(read.path("message").asText()).isEqualTo(message);
  }

  private HttpResponse<String> send(String method, String path) throws Exception {
    return send(to(path).method(method, BodyPublishers.noBody()));
  }

  @Test
  void idsThatAreNoneAreUnprocessableAndUnknownOnesNotFound() throws Exception {
    for (String method : List.of("GET", "DELETE")) {
      fault(
          send(method, "/api/v2/silence/abc"),
          422,
          601,
          "silenceID in path must be of type uuid: \"abc\"");
      HttpResponse<String> unknown = send(method, "/api/v2/silence/" + UNKNOWN);
      assertThat(unknown.statusCode()).isEqualTo(404);
      assertThat(unknown.body()).isEmpty();
    }
  }

  @Test
  void refusalsHaveCodeAndMessage() throws Exception {
    fault(send("GET", "/api/v2/nosuch"), 404, 404, "path /api/v2/nosuch was not found");
    HttpRequest.Builder text =
        to("/api/v2/alerts")
            .header("Content-Type", "text/plain")
            .POST(BodyPublishers.ofString("[]"));
    fault(
        send(text),
        415,
        415,
        "unsupported media type \"text/plain\", only [application/json] are allowed");
    fault(send("PUT", "/api/v2/alerts"), 405, 405, "method PUT is not allowed, but [GET,POST] are");
  }

  @Test
  void headAndOptionsAreNotAllowed() throws Exception {
    for (String method : List.of("HEAD", "OPTIONS")) {
      for (String path : List.of("/api/v2/alerts", "/api/v2/silences", "/api/v2/status")) {
        HttpResponse<String> answer = send(method, path);
        assertThat(answer.statusCode()).as(method + " " + path).isEqualTo(405);
        assertThat(answer.headers().firstValue("Allow")).isPresent();
      }
    }
  }

  private JsonNode read(String path) throws Exception {
    return new JsonMapper().readTree(send("GET", path).body());
  }

  @Test
  void mapsAndListsThatTheDescriptionRequiresAreThereWhenEmpty() throws Exception {
    Instant now = Instant.EPOCH;
    Objects.requireNonNull(server).alerts =
        fake(
            AlertmanagerService.class,
            (name, a) ->
                switch (name) {
                  case "status" -> new Status("", now);
                  case "receivers" ->
                      List.of(
                          new ReceiverView("x", Map.of("owner", "ann"), List.of()),
                          new ReceiverView("y", Map.of(), List.of()));
                  case "groups" ->
                      List.of(
                          new GroupView(Labels.EMPTY, Map.of("tier", "1"), "x", "", List.of()),
                          new GroupView(Labels.EMPTY, Map.of(), "y", "", List.of()));
                  case "silences" ->
                      List.of(
                          new Silence(
                              UNKNOWN,
                              List.of(),
                              now,
                              now,
                              now,
                              "me",
                              "c",
                              Map.of(),
                              SilenceState.ACTIVE));
                  default -> List.of();
                });
    assertThat(read("/api/v2/status").path("cluster").path("peers").toString()).isEqualTo("[]");
    assertThat(read("/api/v2/receivers").toString())
        .isEqualTo(
            "[{\"labels\":{\"owner\":\"ann\"},\"name\":\"x\"},{\"labels\":{},\"name\":\"y\"}]");
    assertThat(read("/api/v2/alerts/groups").findValues("routeLabels"))
        .extracting(JsonNode::toString)
        .containsExactly("{\"tier\":\"1\"}", "{}");
    assertThat(read("/api/v2/silences").path(0).path("annotations").toString()).isEqualTo("{}");
  }

  @Test
  void errorsOfSilencesAreTheTextAlone() throws Exception {
    HttpResponse<String> refused =
        send(
            to("/api/v2/silences")
                .header("Content-Type", "application/json")
                .POST(
                    BodyPublishers.ofString(
                        "{\"matchers\":[{\"name\":\"a\",\"value\":\"\",\"isRegex\":false}],"
                            + "\"startsAt\":\"2026-11-22T10:00:00Z\","
                            + "\"endsAt\":\"2036-11-22T10:00:00Z\","
                            + "\"createdBy\":\"me\",\"comment\":\"c\"}")));
    assertThat(refused.statusCode()).isEqualTo(400);
    assertThat(refused.body().strip()).isEqualTo("\"invalid silence: matcher set 0: x\"");
  }
}
