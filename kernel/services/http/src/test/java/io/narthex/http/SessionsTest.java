package io.narthex.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.json.JsonMapper;
import io.narthex.service.config.AccessConfig;
import io.narthex.service.config.AccessConfig.Mode;
import io.narthex.service.config.AccessConfig.Role;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Logins of browsers, over real connections. */
class SessionsTest extends AccessHarness {
  private static final JsonMapper JSON = new JsonMapper();
  private static final String API = "/narthex/api/v1/";

  @BeforeEach
  void users() throws Exception {
    config("basic_auth_users: {ann: \"" + SECRET + "\", bob: \"" + SECRET + "\"}\n");
    strict(AccessConfig.DEFAULT.sessions());
  }

  private void strict(AccessConfig.Sessions sessions) {
    access.set(
        new AccessConfig(
            Mode.STRICT,
            Map.of("ann", Role.OPERATOR, "bob", Role.VIEWER),
            Map.of(),
            sessions,
            null));
  }

  private HttpRequest.Builder own(String path) {
    return to(path)
        .header("Origin", "http://127.0.0.1:" + port())
        .header("Sec-Fetch-Site", "same-origin");
  }

  private HttpResponse<String> login(String json) throws Exception {
    return send(
        own(API + "login")
            .header("Content-Type", "application/json")
            .POST(BodyPublishers.ofString(json)));
  }

  private static String password(String user, String password) {
    return "{\"user\":\"" + user + "\",\"password\":\"" + password + "\"}";
  }

  private static String cookie(HttpResponse<String> login) {
    assertThat(login.statusCode()).as(login.body()).isEqualTo(200);
    String set = login.headers().firstValue("Set-Cookie").orElseThrow();
    assertThat(set).matches("narthex_session=[A-Za-z0-9_-]{43}; Path=/; HttpOnly; SameSite=Strict");
    return set.substring(0, set.indexOf(';'));
  }

  private String csrf(String cookie) throws Exception {
    return JSON.readTree(send(to(API + "session").header("Cookie", cookie)).body())
        .path("csrf")
        .asText();
  }

  private int read(String cookie) throws Exception {
    return send(to("/api/v1/query?query=up").header("Cookie", cookie)).statusCode();
  }

  private HttpRequest.Builder silence(String cookie) {
    return own("/api/v2/silences")
        .header("Cookie", cookie)
        .header("Content-Type", "application/json")
        .POST(BodyPublishers.ofString("{\"matchers\":[]}"));
  }

  @Test
  void aSessionReadsByItsCookieAndChangesWithItsCsrfToken() throws Exception {
    start();
    String cookie = cookie(login(password("ann", "secret")));
    assertThat(read(cookie)).isEqualTo(200);
    assertThat(read(cookie + "x")).isEqualTo(401);
    assertThat(send(silence(cookie)).statusCode()).isEqualTo(401);
    assertThat(send(silence(cookie).header("X-Narthex-Csrf", "wrong")).statusCode()).isEqualTo(401);
    String csrf = csrf(cookie);
    through(send(silence(cookie).header("X-Narthex-Csrf", csrf)).statusCode());
    String other = csrf(cookie(login(password("ann", "secret"))));
    assertThat(other).isNotEqualTo(csrf);
    assertThat(send(silence(cookie).header("X-Narthex-Csrf", other)).statusCode())
        .as("the token of another session")
        .isEqualTo(401);
    assertThat(
            send(to("/api/v2/silences")
                    .header("Cookie", cookie)
                    .header("X-Narthex-Csrf", csrf)
                    .header("Origin", "http://evil.example")
                    .header("Content-Type", "application/json")
                    .POST(BodyPublishers.ofString("{}")))
                .statusCode())
        .as("a foreign page")
        .isEqualTo(403);
  }

  @Test
  void aSessionMayWhatItsUserMay() throws Exception {
    start();
    String cookie = cookie(login(password("bob", "secret")));
    assertThat(send(silence(cookie).header("X-Narthex-Csrf", csrf(cookie))).statusCode())
        .isEqualTo(403);
    String said = send(to(API + "session").header("Cookie", cookie)).body();
    assertThat(said)
        .contains("\"name\":\"bob\"", "\"role\":\"viewer\"", "\"mode\":\"strict\"")
        .contains("\"passwords\":true");
    assertThat(send(to(API + "session")).body()).doesNotContain("csrf").doesNotContain("name");
  }

  @Test
  void loggedOutSessionsLetNobodyIn() throws Exception {
    start();
    String cookie = cookie(login(password("ann", "secret")));
    HttpResponse<String> out =
        send(own(API + "logout").header("Cookie", cookie).POST(BodyPublishers.noBody()));
    assertThat(out.statusCode()).isEqualTo(200);
    assertThat(out.headers().firstValue("Set-Cookie").orElse("")).contains("Max-Age=0");
    assertThat(read(cookie)).isEqualTo(401);
  }

  @Test
  void sessionsEndWithTheirTimeAndTheirUser() throws Exception {
    start();
    String cookie = cookie(login(password("ann", "secret")));
    assertThat(read(cookie)).isEqualTo(200);
    strict(new AccessConfig.Sessions(Duration.ofNanos(1), Duration.ofHours(1)));
    assertThat(read(cookie)).isEqualTo(401);
    strict(AccessConfig.DEFAULT.sessions());
    assertThat(read(cookie)).as("ended is ended").isEqualTo(401);
    cookie = cookie(login(password("ann", "secret")));
    strict(new AccessConfig.Sessions(Duration.ofHours(1), Duration.ofNanos(1)));
    assertThat(read(cookie)).isEqualTo(401);
    strict(AccessConfig.DEFAULT.sessions());
    cookie = cookie(login(password("ann", "secret")));
    replace(state.resolve("web.yml"), "basic_auth_users: {bob: \"" + SECRET + "\"}\n");
    long deadline = System.nanoTime() + 20_000_000_000L;
    while (read(cookie) != 401) {
      assertThat(System.nanoTime()).as("a user who is gone").isLessThan(deadline);
    }
  }

  @Test
  void whoHasATokenLogsInByIt() throws Exception {
    start();
    String cookie = cookie(login("{\"token\":\"" + TOKEN + "\"}"));
    assertThat(read(cookie)).isEqualTo(200);
    Files.writeString(state.resolve("admin.token"), "another\n");
    assertThat(read(cookie)).as("the token is another one now").isEqualTo(401);
    assertThat(login("{\"token\":\"" + TOKEN + "\"}").statusCode()).isEqualTo(401);
  }

  @Test
  void loginsAreForOwnPages() throws Exception {
    start();
    String body = password("ann", "secret");
    HttpRequest.Builder foreign =
        to(API + "login")
            .header("Origin", "http://evil.example")
            .header("Content-Type", "application/json")
            .POST(BodyPublishers.ofString(body));
    assertThat(send(foreign).statusCode()).isEqualTo(403);
    HttpRequest.Builder form =
        own(API + "login").header("Content-Type", "text/plain").POST(BodyPublishers.ofString(body));
    assertThat(send(form).statusCode()).isEqualTo(415);
    assertThat(login("{\"user\":1}").statusCode()).isEqualTo(400);
    assertThat(login("{\"token\":\"" + "x".repeat(10_000) + "\"}").statusCode()).isEqualTo(400);
  }

  @Test
  void guessingIsSlowedDown() throws Exception {
    start();
    for (int i = 0; i < 5; i++) {
      assertThat(login(password("ann", "guess" + i)).statusCode()).isEqualTo(401);
    }
    HttpResponse<String> refused = login(password("ann", "secret"));
    assertThat(refused.statusCode()).isEqualTo(429);
    assertThat(Long.parseLong(refused.headers().firstValue("Retry-After").orElse("0")))
        .isBetween(1L, 2L);
  }

  @Test
  void cookiesAreSecureOverTls() throws Exception {
    TestIdentity identity = TestIdentity.create(state, "server", "ip:127.0.0.1");
    identity.write(state.resolve("cert.pem"), state.resolve("key.pem"));
    config("tls_server_config: {cert_file: cert.pem, key_file: key.pem}\n");
    start();
    https(TestIdentity.anonymous(identity));
    HttpResponse<String> login =
        send(to(API + "login").POST(BodyPublishers.ofString("{\"token\":\"" + TOKEN + "\"}")));
    assertThat(login.headers().firstValue("Set-Cookie").orElse("")).endsWith("; Secure");
  }
}
