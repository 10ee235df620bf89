package io.narthex.http;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.narthex.http.access.Permission;
import io.narthex.http.access.Rights;
import io.narthex.service.config.AccessConfig;
import io.narthex.service.config.AccessConfig.Mode;
import io.narthex.service.config.AccessConfig.Role;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** Tokens, roles, networks and {@code access: strict}, over real connections. */
class RolesTest extends AccessHarness {
  private static final JsonMapper JSON = new JsonMapper();
  private static final String TOKENS = "/narthex/api/v1/tokens";

  private HttpRequest.Builder as(String token, String path) {
    return to(path).header("Authorization", "Bearer " + token);
  }

  private HttpResponse<String> create(String by, String json) throws Exception {
    return send(as(by, TOKENS).POST(BodyPublishers.ofString(json)));
  }

  private String token(String name, String role) throws Exception {
    HttpResponse<String> made =
        create(TOKEN, "{\"name\":\"" + name + "\",\"role\":\"" + role + "\"}");
    assertThat(made.statusCode()).as(made.body()).isEqualTo(201);
    return JSON.readTree(made.body()).path("token").asText();
  }

  private int status(HttpRequest.Builder request) throws Exception {
    return send(request).statusCode();
  }

  private HttpRequest.Builder silenceAs(String token) {
    return as(token, "/api/v2/silences")
        .header("Content-Type", "application/json")
        .POST(BodyPublishers.ofString("{\"matchers\":[]}"));
  }

  private HttpRequest.Builder uploadAs(String token) {
    return as(token, "/narthex/api/v1/plugins/upload?file=a.jar").PUT(BodyPublishers.ofString("x"));
  }

  private HttpRequest.Builder deleteSeriesAs(String token) {
    return as(token, "/api/v1/admin/tsdb/delete_series?match[]=up".replace("[]", "%5B%5D"))
        .POST(BodyPublishers.noBody());
  }

  private void access(Mode mode, Map<String, Role> users, Map<String, List<String>> networks) {
    access.set(new AccessConfig(mode, users, networks, AccessConfig.DEFAULT.sessions(), null));
  }

  @Test
  void tokensMayDoWhatTheirRoleMay() throws Exception {
    flags.put("web.enable-lifecycle", "true");
    flags.put("web.enable-admin-api", "true");
    start();
    String viewer = token("viewer", "viewer");
    String operator = token("operator", "operator");
    String plugins = token("plugins", "plugin_admin");
    String admin = token("boss", "admin");
    for (String any : List.of(viewer, operator, plugins, admin)) {
      assertThat(status(as(any, "/api/v1/query?query=up"))).isEqualTo(200);
      assertThat(
              status(
                  as(any, "/api/v1/query")
                      .header("Content-Type", "application/x-www-form-urlencoded")
                      .POST(BodyPublishers.ofString("query=up"))))
          .isEqualTo(200);
    }
    HttpResponse<String> refused = send(silenceAs(viewer));
    assertThat(refused.statusCode()).isEqualTo(403);
    assertThat(refused.body()).isEqualTo("\"viewer\" has the role viewer, this needs operator\n");
    assertThat(status(silenceAs(plugins))).isEqualTo(403);
    through(status(silenceAs(operator)));
    through(status(silenceAs(admin)));
    assertThat(status(as(viewer, "/-/reload").POST(BodyPublishers.noBody()))).isEqualTo(403);
    through(status(as(operator, "/-/reload").POST(BodyPublishers.noBody())));
    assertThat(status(uploadAs(viewer))).isEqualTo(403);
    assertThat(status(uploadAs(operator))).isEqualTo(403);
    assertThat(send(uploadAs(plugins)).body()).contains("is no plugin of plugins@127.0.0.1");
    assertThat(send(uploadAs(admin)).body()).contains("is no plugin of boss@127.0.0.1");
    assertThat(status(deleteSeriesAs(operator))).isEqualTo(403);
    through(status(deleteSeriesAs(admin)));
    for (String other : List.of(viewer, operator, plugins)) {
      assertThat(status(as(other, TOKENS))).isEqualTo(403);
      assertThat(create(other, "{\"name\":\"x\",\"role\":\"admin\"}").statusCode()).isEqualTo(403);
      assertThat(status(as(other, TOKENS + "/boss").DELETE())).isEqualTo(403);
    }
    assertThat(refusals("role")).isGreaterThan(10);
  }

  @Test
  void tokensAreShownOnceAndKeptAsDigests() throws Exception {
    start();
    String text = token("ci", "viewer");
    assertThat(text).matches("narthex_[0-9a-f]{12}_[A-Za-z0-9_-]{43}");
    Path file = state.resolve("tokens.json");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
    String secret = text.substring(text.length() - 43);
    assertThat(Files.readString(file)).contains("\"ci\"").doesNotContain(secret);
    HttpResponse<String> list = send(as(TOKEN, TOKENS));
    assertThat(list.body()).doesNotContain(secret).doesNotContain("sha256");
    JsonNode only = JSON.readTree(list.body()).path("tokens").path(0);
    assertThat(only.path("name").asText()).isEqualTo("ci");
    assertThat(only.path("createdBy").asText()).isEqualTo("admin@127.0.0.1");
    assertThat(only.path("lastUsed").asLong()).isZero();
    assertThat(status(as(text, "/-/healthy"))).isEqualTo(200);
    assertThat(
            JSON.readTree(send(as(TOKEN, TOKENS)).body())
                .path("tokens")
                .path(0)
                .path("lastUsed")
                .asLong())
        .isPositive();
    assertThat(audit).containsExactly("admin@127.0.0.1 create token:ci ok");
  }

  @Test
  void removedTokensLetNobodyIn() throws Exception {
    config("basic_auth_users: {ann: \"" + SECRET + "\"}\n");
    start();
    String text = token("ci", "viewer");
    assertThat(status(as(text, "/-/healthy"))).isEqualTo(200);
    assertThat(status(as(TOKEN, TOKENS + "/ci").DELETE())).isEqualTo(200);
    assertThat(status(as(text, "/-/healthy"))).isEqualTo(401);
    assertThat(status(as(TOKEN, TOKENS + "/ci").DELETE())).isEqualTo(404);
    assertThat(counted.get("narthex_http_logins_failed_total[token]")).hasValue(1);
    assertThat(audit).hasSize(2).last().isEqualTo("admin@127.0.0.1 remove token:ci ok");
  }

  @Test
  void wrongTokensAndPasswordsAreLoggedWithTheirAddressButNotWithoutEnd() throws Exception {
    config("basic_auth_users: {ann: \"" + SECRET + "\"}\n");
    start();
    Logger logger = (Logger) LoggerFactory.getLogger("io.narthex.http.access.Logins");
    ListAppender<ILoggingEvent> logged = new ListAppender<>();
    logged.start();
    logger.addAppender(logged);
    logger.setLevel(Level.WARN);
    try {
      assertThat(status(as("guessed", "/-/healthy"))).isEqualTo(401);
      assertThat(status(to("/-/healthy").header("Authorization", basic("ann", "guessed"))))
          .isEqualTo(401);
      assertThat(
              status(
                  to("/narthex/api/v1/login")
                      .header("Content-Type", "application/json")
                      .POST(BodyPublishers.ofString("{\"user\":\"ann\",\"password\":\"x\"}"))))
          .isEqualTo(401);
      for (int i = 0; i < 20; i++) {
        assertThat(status(as("guessed" + i, "/-/healthy"))).isEqualTo(401);
      }
    } finally {
      logger.setLevel(null);
      logger.detachAppender(logged);
    }
    assertThat(logged.list)
        .hasSizeBetween(3, 8)
        .extracting(ILoggingEvent::getFormattedMessage)
        .allSatisfy(text -> assertThat(text).contains("127.0.0.1").doesNotContain("guessed"));
    assertThat(counted.get("narthex_http_logins_failed_total[token]")).hasValue(21);
  }

  @Test
  void tokensThatCannotBeAreRefused() throws Exception {
    start();
    token("ci", "viewer");
    Map<String, Integer> wrong =
        Map.of(
            "{\"name\":\"ci\",\"role\":\"viewer\"}",
            409,
            "{\"name\":\"admin\",\"role\":\"viewer\"}",
            409,
            "{\"name\":\"a b\",\"role\":\"viewer\"}",
            400,
            "{\"name\":\"a\",\"role\":\"root\"}",
            400,
            "{\"name\":\"a\",\"role\":\"viewer\",\"expires\":\"soon\"}",
            400,
            "{\"name\":\"a\",\"role\":\"viewer\",\"expires\":\"0s\"}",
            400,
            "[]",
            400,
            "{\"name\":\"" + "x".repeat(10_000) + "\"}",
            400);
    for (Map.Entry<String, Integer> e : wrong.entrySet()) {
      assertThat(create(TOKEN, e.getKey()).statusCode()).as(e.getKey()).isEqualTo(e.getValue());
    }
    assertThat(status(to(TOKENS))).isEqualTo(401);
  }

  @Test
  void strictOpensHealthAndTheLoginAlone() throws Exception {
    access(Mode.STRICT, Map.of(), Map.of());
    start();
    for (String open :
        List.of("/-/healthy", "/-/ready", "/login", "/assets/x.js", "/narthex/api/v1/session")) {
      assertThat(status(to(open))).as(open).isNotIn(401, 403, 303);
    }
    for (String closed :
        List.of(
            "/",
            "/query",
            "/api/v1/query?query=up",
            "/api/v1/status/config",
            "/api/v2/status",
            "/api/v2/alerts",
            "/metrics",
            "/federate",
            "/narthex/api/v1/plugins",
            "/narthex/api/v1/audit",
            "/-/healthy/../../metrics",
            "/%61pi/v1/status/flags",
            "/loginx")) {
      HttpResponse<String> answer = send(to(closed));
      assertThat(answer.statusCode()).as(closed).isEqualTo(401);
      assertThat(answer.headers().firstValue("WWW-Authenticate")).contains("Bearer");
    }
    assertThat(silence("Content-Type", "application/json").statusCode()).isEqualTo(401);
    assertThat(status(as("wrong", "/api/v2/alerts"))).isEqualTo(401);
    assertThat(status(as(TOKEN, "/api/v1/query?query=up"))).isEqualTo(200);
  }

  @Test
  void strictLeadsPeopleToTheLogin() throws Exception {
    access(Mode.STRICT, Map.of(), Map.of());
    start();
    HttpResponse<String> page = send(to("/alerts?a=b%20c").header("Accept", "text/html,*/*"));
    assertThat(page.statusCode()).isEqualTo(303);
    assertThat(page.headers().firstValue("Location")).contains("/login?next=alerts%3Fa%3Db%2520c");
    HttpResponse<String> foreign = send(to("//evil.example/x").header("Accept", "text/html"));
    assertThat(foreign.headers().firstValue("Location").orElse("/"))
        .startsWith("/")
        .doesNotStartWith("//");
    assertThat(
            send(to("/api/v1/alerts").header("Sec-Fetch-Mode", "cors"))
                .headers()
                .firstValue("WWW-Authenticate"))
        .as("or the browser asks for a password")
        .isEmpty();
  }

  @Test
  void strictTakesEffectWithTheFile() throws Exception {
    start();
    assertThat(status(to("/api/v1/query?query=up"))).isEqualTo(200);
    access(Mode.STRICT, Map.of(), Map.of());
    assertThat(status(to("/api/v1/query?query=up"))).isEqualTo(401);
    access.set(AccessConfig.DEFAULT);
    assertThat(status(to("/api/v1/query?query=up"))).isEqualTo(200);
  }

  @Test
  void usersHaveTheRolesOfTheFile() throws Exception {
    config("basic_auth_users: {ann: \"" + SECRET + "\", bob: \"" + SECRET + "\"}\n");
    access(Mode.COMPATIBLE, Map.of("bob", Role.VIEWER), Map.of());
    start();
    through(
        silence("Authorization", basic("ann", "secret"), "Content-Type", "application/json")
            .statusCode());
    assertThat(silence("Authorization", basic("bob", "secret")).statusCode()).isEqualTo(403);
    HttpRequest.Builder upload =
        to("/narthex/api/v1/plugins/upload?file=a.jar").PUT(BodyPublishers.ofString("x"));
    assertThat(status(upload.copy().header("Authorization", basic("ann", "secret"))))
        .as("what the originals do not have needs a role")
        .isEqualTo(403);
    access(Mode.STRICT, Map.of("bob", Role.PLUGIN_ADMIN), Map.of());
    assertThat(status(upload.copy().header("Authorization", basic("bob", "secret"))))
        .isEqualTo(409);
    HttpResponse<String> none =
        send(to("/api/v1/query?query=up").header("Authorization", basic("ann", "secret")));
    assertThat(none.statusCode()).isEqualTo(403);
    assertThat(none.body()).contains("\"ann\" has no role", "access.users");
  }

  @Test
  void rolesCountFromTheirNetworksAlone() throws Exception {
    start();
    String viewer = token("viewer", "viewer");
    access(Mode.COMPATIBLE, Map.of(), Map.of("admin", List.of("10.0.0.0/8")));
    assertThat(status(as(TOKEN, "/-/healthy"))).isEqualTo(403);
    assertThat(status(as(viewer, "/-/healthy"))).isEqualTo(200);
    access(Mode.COMPATIBLE, Map.of(), Map.of("everybody", List.of("10.0.0.0/8")));
    assertThat(status(as(viewer, "/-/healthy"))).isEqualTo(403);
    assertThat(status(to("/-/healthy"))).isEqualTo(403);
    assertThat(
            raw(
                "GET /-/healthy HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 10.1.1.1\r\n"
                    + "Connection: close\r\n\r\n"))
        .as("who says it is forwarded is not believed")
        .startsWith("HTTP/1.1 403 ");
    access(Mode.COMPATIBLE, Map.of(), Map.of("everybody", List.of("10.0.0.0/8", "127.0.0.0/8")));
    assertThat(status(to("/-/healthy"))).isEqualTo(200);
    assertThat(refusals("network")).isEqualTo(4);
  }

  @Test
  void everyRightStandsInTheDocumentation() throws Exception {
    Path docs = Path.of("../../../distribution/docs/access.md");
    String text = Files.readString(docs);
    for (Rights.Row row : Rights.rows()) {
      String who = row.needs() == Permission.NONE ? "nobody" : row.needs().leastRole();
      String methods =
          row.methods().contains("PUT")
              ? row.methods().contains("GET") ? "any" : "changes"
              : row.methods().contains("GET") ? "GET" : "POST";
      assertThat(text.lines())
          .as("a row for " + row)
          .anyMatch(line ->
              line.startsWith("| " + who + " | " + methods + " |")
                  && line.contains("`" + row.path() + "`"));
    }
  }
}
