package io.narthex.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.narthex.service.config.AccessConfig;
import io.narthex.service.config.AccessConfig.Mode;
import io.narthex.service.web.UiSettings;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Dashboards, histories and settings of the pages, over real connections. */
class PagesTest extends AccessHarness {
  private static final JsonMapper JSON = new JsonMapper();
  private static final String DASHBOARDS = "/narthex/api/v1/dashboards";
  private static final String HISTORY = "/narthex/api/v1/history";
  private static final String NODE = "{\"uid\":\"node\",\"title\":\"Node\",\"panels\":[ 1.50 ]}";

  private HttpRequest.Builder as(String token, String path) {
    return to(path).header("Authorization", "Bearer " + token);
  }

  private String token(String name, String role) throws Exception {
    HttpResponse<String> made =
        send(
            as(TOKEN, "/narthex/api/v1/tokens")
                .POST(
                    BodyPublishers.ofString(
                        "{\"name\":\"" + name + "\",\"role\":\"" + role + "\"}")));
    return JSON.readTree(made.body()).path("token").asText();
  }

  private HttpResponse<String> put(String token, String query, String body) throws Exception {
    return send(as(token, DASHBOARDS + query).PUT(BodyPublishers.ofString(body)));
  }

  private HttpResponse<String> ran(HttpRequest.Builder request, String body) throws Exception {
    return send(
        request.header("Content-Type", "application/json").POST(BodyPublishers.ofString(body)));
  }

  @Test
  void dashboardsAreUploadedReadAndRemoved() throws Exception {
    start();
    String operator = token("op", "operator");
    HttpResponse<String> made = put(operator, "", NODE);
    assertThat(made.statusCode()).as(made.body()).isEqualTo(201);
    JsonNode list = JSON.readTree(send(to(DASHBOARDS)).body()).path("dashboards");
    assertThat(list).hasSize(1);
    assertThat(list.get(0)).isEqualTo(JSON.readTree(made.body()));
    assertThat(list.get(0).path("source").asText()).isEqualTo("uploaded");
    assertThat(list.get(0).path("folder").asText()).isEqualTo("Uploaded");
    assertThat(list.get(0).path("problem").isNull()).isTrue();
    assertThat(list.get(0).path("changedMs").asLong()).isPositive();
    HttpResponse<String> one = send(to(DASHBOARDS + "/node"));
    assertThat(one.statusCode()).isEqualTo(200);
    assertThat(one.body())
        .isEqualTo(
            "{\"uid\":\"node\",\"title\":\"Node\",\"folder\":\"Uploaded\",\"source\":\"uploaded\","
                + "\"file\":\"node.json\",\"dashboard\":"
                + NODE
                + "}");
    assertThat(put(operator, "", NODE).statusCode()).isEqualTo(409);
    assertThat(put(operator, "?overwrite=true", NODE).statusCode()).isEqualTo(200);
    assertThat(send(as(operator, DASHBOARDS + "/node").DELETE()).statusCode()).isEqualTo(204);
    assertThat(send(to(DASHBOARDS + "/node")).statusCode()).isEqualTo(404);
    assertThat(send(as(operator, DASHBOARDS + "/node").DELETE()).statusCode()).isEqualTo(404);
    assertThat(audit)
        .endsWith(
            "op@127.0.0.1 upload dashboard:node ok",
            "op@127.0.0.1 replace dashboard:node ok",
            "op@127.0.0.1 remove dashboard:node ok");
  }

  @Test
  void shippedDashboardsAreListedAndStay() throws Exception {
    Files.createDirectories(state.resolve("lib/dashboards"));
    Files.writeString(state.resolve("lib/dashboards/node.json"), NODE);
    start();
    JsonNode first = JSON.readTree(send(to(DASHBOARDS)).body()).path("dashboards").path(0);
    assertThat(first.path("source").asText()).isEqualTo("shipped");
    assertThat(first.path("folder").asText()).isEqualTo("Shipped");
    HttpResponse<String> refused = send(as(TOKEN, DASHBOARDS + "/node").DELETE());
    assertThat(refused.statusCode()).isEqualTo(409);
    assertThat(refused.body()).contains("comes from the file node.json in Shipped");
    assertThat(put(TOKEN, "?overwrite=true", NODE).statusCode()).isEqualTo(409);
  }

  @Test
  void changesOfDashboardsNeedTheOperator() throws Exception {
    start();
    HttpResponse<String> nobody = send(to(DASHBOARDS).PUT(BodyPublishers.ofString(NODE)));
    assertThat(nobody.statusCode()).isEqualTo(401);
    assertThat(nobody.body()).contains("a token or login is needed");
    String viewer = token("view", "viewer");
    HttpResponse<String> refused = put(viewer, "", NODE);
    assertThat(refused.statusCode()).isEqualTo(403);
    assertThat(refused.body()).contains("has the role viewer, this needs operator");
    assertThat(send(as(viewer, DASHBOARDS + "/x").DELETE()).statusCode()).isEqualTo(403);
    HttpRequest.Builder foreign =
        as(TOKEN, DASHBOARDS)
            .header("Origin", "https://evil.example")
            .header("Content-Type", "application/json")
            .PUT(BodyPublishers.ofString(NODE));
    assertThat(send(foreign).statusCode()).isEqualTo(403);
    assertThat(
            send(as(TOKEN, DASHBOARDS)
                    .header("X-Forwarded-For", "10.0.0.1")
                    .PUT(BodyPublishers.ofString(NODE)))
                .body())
        .contains("changes over plain HTTP");
    assertThat(JSON.readTree(send(to(DASHBOARDS)).body()).path("dashboards")).isEmpty();
    access.set(
        new AccessConfig(Mode.STRICT, Map.of(), Map.of(), AccessConfig.DEFAULT.sessions(), null));
    assertThat(send(to(DASHBOARDS)).statusCode()).isEqualTo(401);
    assertThat(send(as(viewer, DASHBOARDS)).statusCode()).isEqualTo(200);
  }

  @Test
  void documentsThatAreNoneAreRefused() throws Exception {
    start();
    HttpResponse<String> none = put(TOKEN, "", "{\"title\":\"a\"}");
    assertThat(none.statusCode()).isEqualTo(400);
    assertThat(none.body()).contains("it has neither");
    assertThat(put(TOKEN, "", " ".repeat((2 << 20) + 1)).statusCode()).isEqualTo(413);
    assertThat(put(TOKEN, "", "{\"title\":\"a\",\"panels\":[").body()).contains("line 1, column");
  }

  @Test
  void eachUserHasAHistory() throws Exception {
    start();
    String ann = token("ann", "viewer");
    String bob = token("bob", "viewer");
    assertThat(ran(as(ann, HISTORY), "{\"query\":\"up\"}").statusCode()).isEqualTo(200);
    assertThat(ran(as(ann, HISTORY), "{\"query\":\"up\"}").statusCode()).isEqualTo(200);
    assertThat(ran(as(ann, HISTORY), "{\"query\":\"x\",\"starred\":true}").statusCode())
        .isEqualTo(200);
    JsonNode list = JSON.readTree(send(as(ann, HISTORY)).body()).path("queries");
    assertThat(list).hasSize(2);
    assertThat(list.get(0).path("query").asText()).isEqualTo("x");
    assertThat(list.get(0).path("starred").asBoolean()).isTrue();
    assertThat(list.get(1).path("count").asLong()).isEqualTo(2);
    assertThat(list.get(1).path("lastMs").asLong()).isPositive();
    assertThat(JSON.readTree(send(as(ann, HISTORY + "?limit=1")).body()).path("queries"))
        .hasSize(1);
    for (String other : new String[] {bob, TOKEN}) {
      assertThat(send(as(other, HISTORY)).body()).isEqualTo("{\"queries\":[]}");
    }
    assertThat(send(to(HISTORY)).body()).as("not logged in").isEqualTo("{\"queries\":[]}");
    assertThat(send(as(bob, HISTORY).DELETE()).statusCode()).isEqualTo(204);
    assertThat(send(as(ann, HISTORY + "?query=x").DELETE()).statusCode()).isEqualTo(204);
    assertThat(send(as(ann, HISTORY)).body()).contains("\"up\"").doesNotContain("\"x\"");
    assertThat(send(as(ann, HISTORY).DELETE()).statusCode()).isEqualTo(204);
    assertThat(send(as(ann, HISTORY)).body()).isEqualTo("{\"queries\":[]}");
  }

  @Test
  void theHistoryOutlivesTheServer() throws Exception {
    start();
    ran(as(TOKEN, HISTORY), "{\"query\":\"up\"}");
    java.util.Objects.requireNonNull(server).stop();
    try (var files = Files.list(state.resolve("history"))) {
      assertThat(files).hasSize(1).allSatisfy(f -> assertThat(f).content().contains("\"up\""));
    }
  }

  @Test
  void whoIsNotLoggedInSharesAHistoryThatForeignPagesCannotChange() throws Exception {
    start();
    assertThat(ran(to(HISTORY), "{\"query\":\"a\"}").statusCode()).isEqualTo(200);
    assertThat(send(to(HISTORY)).body()).contains("\"a\"");
    HttpRequest.Builder foreign = to(HISTORY).header("Origin", "https://evil.example");
    assertThat(ran(foreign, "{\"query\":\"b\"}").statusCode()).isEqualTo(403);
    HttpRequest.Builder plain = to(HISTORY).header("Sec-Fetch-Site", "same-origin");
    assertThat(
            send(plain
                    .header("Cookie", "a=b")
                    .header("Content-Type", "text/plain")
                    .POST(BodyPublishers.ofString("{\"query\":\"b\"}")))
                .statusCode())
        .isEqualTo(415);
    assertThat(
            raw(
                "POST "
                    + HISTORY
                    + " HTTP/1.1\r\nHost: metrics.example\r\nConnection: close\r\nOrigin:"
                    + " http://metrics.example\r\nContent-Type: application/json\r\n"
                    + "Content-Length: 13\r\n\r\n{\"query\":\"b\"}"))
        .as("an open server, from a browser elsewhere")
        .startsWith("HTTP/1.1 403 ")
        .contains("login");
    assertThat(send(to(HISTORY)).body()).doesNotContain("\"b\"");
    access.set(
        new AccessConfig(Mode.STRICT, Map.of(), Map.of(), AccessConfig.DEFAULT.sessions(), null));
    assertThat(send(to(HISTORY)).statusCode()).isEqualTo(401);
    assertThat(ran(to(HISTORY), "{\"query\":\"b\"}").statusCode()).isEqualTo(401);
  }

  @Test
  void requestsOfHistoriesThatCannotBeAreRefused() throws Exception {
    start();
    for (String wrong :
        new String[] {"", "[]", "{}", "{\"query\":7}", "{\"query\":\"a\",\"starred\":1}"}) {
      assertThat(ran(to(HISTORY), wrong).statusCode()).as(wrong).isEqualTo(400);
    }
    HttpResponse<String> tooLong = ran(to(HISTORY), "{\"query\":\"" + "x".repeat(16_385) + "\"}");
    assertThat(tooLong.statusCode()).isEqualTo(413);
    assertThat(ran(to(HISTORY), "{\"query\":\"" + "x".repeat(200_000) + "\"}").statusCode())
        .isEqualTo(413);
    for (String limit : new String[] {"0", "501", "x", "-1"}) {
      HttpResponse<String> refused = send(to(HISTORY + "?limit=" + limit));
      assertThat(refused.statusCode()).isEqualTo(400);
      assertThat(refused.body()).contains("limit: must be a number from 1 to 500, got");
    }
  }

  @Test
  void pagesAreToldWhatTheyNeed() throws Exception {
    start();
    String viewer = token("ann", "viewer");
    assertThat(send(to("/narthex/api/v1/ui")).body())
        .isEqualTo(
            "{\"links\":{\"logs\":null,\"trace\":null},\"scrapeIntervalSeconds\":60.0,"
                + "\"evaluationIntervalSeconds\":60.0,\"user\":null}");
    ui =
        new UiSettings(
            new UiSettings.Links(
                new UiSettings.Link("Logs", "http://loki.example/?q={labels}"), null));
    JsonNode told = JSON.readTree(send(as(viewer, "/narthex/api/v1/ui")).body());
    assertThat(told.path("user").asText()).isEqualTo("ann");
    assertThat(told.path("links").path("logs").path("title").asText()).isEqualTo("Logs");
    assertThat(told.path("links").path("logs").path("url").asText())
        .isEqualTo("http://loki.example/?q={labels}");
  }
}
