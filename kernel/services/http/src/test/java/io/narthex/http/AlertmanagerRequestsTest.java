package io.narthex.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.narthex.http.AlertmanagerRequests.Refusal;
import io.narthex.service.alerts.AlertmanagerService.PostedAlert;
import io.narthex.service.alerts.AlertmanagerService.SilenceRequest;
import io.narthex.service.config.AlertmanagerConfig.LabelMatcher;
import io.narthex.testkit.Needs;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Bodies and answers as the original gave them for the same bodies. */
class AlertmanagerRequestsTest {
  private static final String SILENCE =
      "{\"matchers\":[{\"name\":\"a\",\"value\":\"b\",\"isRegex\":false}],"
          + "\"startsAt\":\"2026-11-22T10:00:00Z\",\"endsAt\":\"2036-11-22T10:00:00Z\","
          + "\"createdBy\":\"me\",\"comment\":\"c\"}";

  private final AlertmanagerRequests requests = new AlertmanagerRequests(1 << 20);

  private static InputStream bytes(String text) {
    return new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
  }

  private List<PostedAlert> alerts(String body) throws IOException {
    return requests.alerts(bytes(body));
  }

  private SilenceRequest silence(String body) throws IOException {
    return requests.silence(bytes(body));
  }

  private static String refusal(org.assertj.core.api.ThrowableAssert.ThrowingCallable work) {
    Refusal r = catchThrowableOfType(Refusal.class, work);
    assertThat(r).isNotNull();
    return r.status() + " " + r.code() + " " + r.getMessage();
  }

  @Test
  void valuesOfAWrongTypeAreRefused() {
    String parsing =
        "400 400 parsing alerts body from \"\" failed, because json: cannot unmarshal ";
    assertThat(refusal(() -> alerts("[{\"labels\":{\"a\":1}}]")))
        .isEqualTo(parsing + "number into Go struct field Alert.labels.a of type string");
    assertThat(refusal(() -> alerts("[{\"labels\":{\"a\":\"b\"},\"annotations\":{\"a\":1}}]")))
        .isEqualTo(parsing + "number into Go struct field .annotations.a of type string");
    assertThat(refusal(() -> alerts("[{\"labels\":{\"a\":\"b\"},\"generatorURL\":5}]")))
        .isEqualTo(parsing + "number into Go value of type string");
    assertThat(refusal(() -> alerts("{}")))
        .isEqualTo(parsing + "object into Go value of type models.PostableAlerts");
    assertThat(refusal(() -> alerts("[{\"labels\":[\"a\"]}]")))
        .isEqualTo(parsing + "array into Go struct field Alert.labels of type models.LabelSet");
    assertThat(refusal(() -> alerts("[{\"labels\":{\"a\":\"b\"}}")))
        .isEqualTo("400 400 parsing alerts body from \"\" failed, because unexpected EOF");
    assertThat(refusal(() -> alerts("[{\"labels\":{\"a\":\"b\"},\"startsAt\":5}]")))
        .startsWith("400 400");
    assertThat(refusal(() -> silence(SILENCE.replace("false", "\"x\""))))
        .isEqualTo(
            "400 400 parsing silence body from \"\" failed, because json: cannot unmarshal "
                + "string into Go struct field Silence.matchers.0.isRegex of type bool");
    assertThat(refusal(() -> silence(SILENCE.replace("\"b\"", "5")))).startsWith("400 400");
    assertThat(refusal(() -> silence(SILENCE.replace("\"c\"", "5")))).startsWith("400 400");
    assertThat(refusal(() -> silence("[]"))).startsWith("400 400");
  }

  @Test
  void whatIsMissingOrUnusableIsNamed() {
    assertThat(refusal(() -> alerts("  "))).isEqualTo("422 602 alerts in body is required");
    assertThat(refusal(() -> alerts("[{\"annotations\":{\"a\":\"b\"}}]")))
        .isEqualTo("422 602 0.labels in body is required");
    assertThat(refusal(() -> alerts("[{\"labels\":{\"a\":\"b\"}},{\"labels\":null}]")))
        .isEqualTo("422 602 1.labels in body is required");
    assertThat(refusal(() -> alerts("[null]"))).startsWith("422 602");
    assertThat(refusal(() -> alerts("[{\"annotations\":{}},5]"))).startsWith("400 400");
    for (String url :
        List.of("not a url", "http://[::1", "http://h/%zz", "http://h:x/", "http://h h/")) {
      assertThat(
              refusal(
                  () -> alerts("[{\"labels\":{\"a\":\"b\"},\"generatorURL\":\"" + url + "\"}]")))
          .isEqualTo("422 601 0.generatorURL in body must be of type uri: \"" + url + "\"");
    }
    assertThat(
            refusal(() ->
                alerts("[{\"labels\":{\"a\":\"b\"},\"generatorURL\":\"\\u0001\\\"\\u00a0é\"}]")))
        .as("quoted as Go does")
        .isEqualTo("422 601 0.generatorURL in body must be of type uri: \"\\x01\\\"\\u00a0é\"");
    for (String key : List.of("matchers", "startsAt", "endsAt", "createdBy", "comment")) {
      assertThat(refusal(() -> silence(SILENCE.replace("\"" + key + "\"", "\"other\""))))
          .isEqualTo("422 602 " + key + " in body is required");
    }
    for (String key : List.of("name", "value", "isRegex")) {
      assertThat(refusal(() -> silence(SILENCE.replace("\"" + key + "\"", "\"other\""))))
          .isEqualTo("422 602 matchers.0." + key + " in body is required");
    }
    assertThat(refusal(() -> silence(SILENCE.replaceFirst("\\[.*]", "[]"))))
        .isEqualTo("422 612 matchers in body should have at least 1 items");
    assertThat(refusal(() -> silence("null"))).isEqualTo("422 602 comment in body is required");
  }

  @Test
  void whatTheOriginalTakesIsTaken() throws IOException {
    assertThat(alerts("null")).isEmpty();
    assertThat(alerts("[]")).isEmpty();
    assertThat(alerts("[{\"Labels\":{\"a\":\"x\",\"b\":null},\"zz\":[1,{}]}] trailing"))
        .containsExactly(new PostedAlert(Map.of("a", "x", "b", ""), Map.of(), null, null, ""));
    for (String url : List.of("", "/graph", "http://h/a b?x=%zz", "mailto:x", "http://[::1]:90/")) {
      assertThat(alerts("[{\"labels\":{\"a\":\"b\"},\"generatorURL\":\"" + url + "\"}]").get(0))
          .extracting(PostedAlert::generatorUrl)
          .isEqualTo(url);
    }
    assertThat(alerts("[{\"labels\":{\"a\":\"\\ud800x\"}}]").get(0).labels())
        .containsEntry("a", "\uFFFDx");
    assertThat(silence(SILENCE.replace("\"c\"", "\"\"")).comment()).isEmpty();
    assertThat(silence(SILENCE.replace("false", "false,\"isEqual\":null")).matchers().get(0))
        .extracting("operator")
        .isEqualTo("=");
  }

  @Test
  void timesHaveTheFormsOfTheOriginal() {
    Instant ten = Instant.parse("2026-11-22T10:00:00Z");
    for (String text :
        List.of(
            "2026-11-22 10:00:00",
            "2026-11-22T10:00:00",
            "2026-11-22T10:00",
            "2026-11-22T10:00Z",
            "2026-11-22T11:00:00+01:00",
            "2026-11-22T11:00:00.000+0100",
            "2026-11-22T10:00:00,0Z",
            "2026-11-22T10:00:00.0000000000000Z")) {
      assertThat(AlertmanagerRequests.time(text)).as(text).isEqualTo(ten);
    }
    assertThat(AlertmanagerRequests.time("2026-01-01")).isEqualTo("2026-01-01T00:00:00Z");
    assertThat(AlertmanagerRequests.time("")).isEqualTo(Instant.EPOCH);
    for (String text :
        List.of(
            "x",
            "1732269600",
            "2026-1-2",
            "2026-11-22T10:00:00+0100",
            "2026-11-22t10:00:00z",
            "2026-11-22T24:00:00Z",
            "2026-13-22T10:00:00Z",
            "2026-11-22T10:00:00.123Z ",
            "10000-01-01T00:00:00Z",
            "2026-11-22 10:00:00Z")) {
      assertThatThrownBy(() -> AlertmanagerRequests.time(text)).as(text).isNotNull();
    }
  }

  @Test
  void bodiesHaveBounds() {
    assertThat(refusal(() -> alerts("[" + "[".repeat(2000)))).startsWith("400 400");
    String deep = "{\"a\":".repeat(2000);
    assertThat(refusal(() -> alerts("[{\"labels\":{\"a\":\"b\"},\"x\":" + deep)))
        .startsWith("400 400");
    assertThat(refusal(() -> alerts("[" + " ".repeat(2 << 20) + "]"))).startsWith("413 413");
    assertThat(refusal(() -> alerts("[" + "{\"labels\":{}},".repeat(50_001) + "null]")))
        .startsWith("413 413");
  }

  @Test
  void matchersHaveTheJsonFormOfAlertmanager() throws IOException {
    JsonMapper mapper = JsonMapper.builder().build();
    Path file = Needs.shared("conformance/alertmanager-matchers/json.json");
    int passed = 0;
    int all = 0;
    for (JsonNode c : mapper.readTree(file.toFile()).get("cases")) {
      all++;
      LabelMatcher want =
          new LabelMatcher(c.get("name").asText(), c.get("op").asText(), c.get("value").asText());
      String json = c.get("json").asText();
      String written = Json.text(out -> AlertmanagerApi.matcher(out, want));
      boolean read =
          silence(SILENCE.replaceFirst("\\[.*]", "[" + json + "]"))
              .matchers()
              .equals(List.of(want));
      boolean same =
          c.get("direction").asText().equals("parse")
              || mapper.readTree(written).equals(mapper.readTree(json));
      passed += read && same ? 1 : 0;
    }
    String line = "conformance alertmanager-matchers-json: passed " + passed + " of " + all;
    System.out.println(line);
    Path report = Path.of("target", "conformance", "alertmanager-matchers-json.txt");
    Files.createDirectories(report.getParent());
    Files.writeString(report, line + "\n");
    assertThat(passed).isEqualTo(all).isEqualTo(9);
  }
}
