package io.narthex.itests;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.bench.ui.Browser;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code access: strict}: a token made by the command line, and a person in a real browser. */
class LoginIT {
  private static final Pattern TOKEN = Pattern.compile("narthex_[0-9a-f]{12}_[A-Za-z0-9_-]{43}", 0);

  @TempDir private Path folder = Path.of("");

  private Server.Setup strict() throws Exception {
    Path file = folder.resolve("narthex.yml");
    Files.writeString(file, "access: strict\n");
    return Distribution.server(folder.resolve("data")).with("--narthex.config.file=" + file);
  }

  private Peers.Result token(Server server, String... words) {
    String[] all = new String[words.length + 3];
    all[0] = "token";
    System.arraycopy(words, 0, all, 1, words.length);
    all[all.length - 2] = "--server=http://127.0.0.1:" + server.port();
    all[all.length - 1] = "--token-file=" + folder.resolve("data/narthex/admin.token");
    return Peers.run(Distribution.home().resolve("bin/narthex"), all);
  }

  @Test
  void tokensOfTheCommandLineLetProgramsIn() throws Exception {
    try (Server server = strict().start()) {
      assertThat(server.get("api/v1/query?query=1").statusCode()).isEqualTo(401);
      Peers.Result made = token(server, "create", "grafana", "--role=viewer", "--expires=1d");
      Matcher text = TOKEN.matcher(made.output());
      assertThat(text.find()).as(made.output()).isTrue();
      assertThat(server.send("GET", "api/v1/query?query=1", new byte[0], text.group()).statusCode())
          .isEqualTo(200);
      assertThat(server.send("POST", "-/reload", new byte[0], text.group()).statusCode())
          .isEqualTo(403);
      assertThat(token(server, "list").output()).contains("grafana", "viewer", "admin@127.0.0.1");
      assertThat(server.log()).doesNotContain(text.group());
      assertThat(token(server, "remove", "grafana").status()).isZero();
      assertThat(server.send("GET", "api/v1/query?query=1", new byte[0], text.group()).statusCode())
          .isEqualTo(401);
    }
  }

  @Test
  void peopleLogInAndOutThroughThePage() throws Exception {
    Peers.Chromium chromium = Peers.chromium();
    try (Server server = strict().start();
        Browser browser =
            new Browser(chromium.driver(), chromium.browser(), folder.resolve("profile"))) {
      browser.open(server.url("targets?a=b"));
      String secret = browser.await("login-secret");
      browser.type(secret, "wrong");
      browser.click(browser.await("login-submit"));
      assertThat(browser.text(browser.await("login-problem"))).contains("the token is not valid");
      browser.type(secret, Files.readString(folder.resolve("data/narthex/admin.token")).strip());
      browser.click(browser.await("login-submit"));
      String out = browser.await("logout");
      assertThat(browser.attribute(out, "title")).isEqualTo("admin, admin: log out");
      assertThat(browser.script("return location.pathname + location.search").asText())
          .isEqualTo("/targets?a=b");
      // a change of the page carries the CSRF token, one without it is refused
      assertThat(
              browser
                  .script(
                      "return fetch('/api/v2/silences', {method: 'POST', body: '{}',"
                          + " headers: {'Content-Type': 'application/json'}}).then(r => r.status)")
                  .asInt())
          .isEqualTo(401);
      browser.click(out);
      browser.await("login-secret");
      assertThat(
              browser.script("return fetch('/api/v1/query?query=1').then(r => r.status)").asInt())
          .isEqualTo(401);
    }
  }
}
