package io.narthex.launch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CheckCommandTest {
  @TempDir Path work;

  @Test
  void filesAreCheckedByAServerWithADataFolderOfItsOwn() throws Exception {
    String file = Files.writeString(work.resolve("it's.yml"), "").toString();
    assertThat(CheckCommand.start(List.of("config", file), work).arguments())
        .contains("--config.file=" + file, "--storage.tsdb.path=" + work.resolve("data"));
    CheckCommand.start(List.of("rules", file), work);
    assertThat(work.resolve("prometheus.yml"))
        .hasContent("rule_files:\n- '" + file.replace("'", "''") + "'\n");
    assertThat(CheckCommand.start(List.of("alertmanager-config", file), work).arguments())
        .contains("--alertmanager.config.file=" + file);
  }

  @Test
  void optionsBelongToTheirCheck() throws Exception {
    String file = Files.writeString(work.resolve("a.yml"), "").toString();
    CheckCommand.Start found =
        CheckCommand.start(List.of("service-discovery", file, "node", "--timeout=5s"), work);
    assertThat(found.file()).isEqualTo(file);
    assertThat(found.options()).isEqualTo(Map.of("job", "node", "timeout", "5s"));
    assertThat(CheckCommand.start(List.of("config", "--syntax-only", file), work).options())
        .containsKey("syntax-only");
    assertThat(CheckCommand.start(List.of("secrets", file, file), work).file())
        .isEqualTo(file + "\u0001" + file);
    assertThat(CheckCommand.start(List.of("metrics"), work).arguments()).isEmpty();
    for (List<String> wrong :
        List.of(
            List.of("rules", "--timeout=5s", file),
            List.of("config", "--syntax-only=no", file),
            List.of("service-discovery", file),
            List.of("metrics", file),
            List.of("web-config"))) {
      assertThatThrownBy(() -> CheckCommand.start(wrong, work))
          .hasMessageStartingWith("usage: narthex check config FILE");
    }
  }

  @Test
  void unitTestsOfRulesHaveOptionsOfTheirOwn() throws Exception {
    String file = Files.writeString(work.resolve("a.yml"), "").toString();
    CheckCommand.Start found =
        TestCommand.start(
            List.of("rules", "--run=a", "--run=b", "--diff", "--enable-feature=x", file), work);
    assertThat(found.subject()).isEqualTo("rule-tests");
    assertThat(found.file()).isEqualTo(file);
    assertThat(found.options()).isEqualTo(Map.of("run", "a\u0001b", "diff", "true"));
    assertThat(found.arguments()).contains("--enable-feature=x");
    for (List<String> wrong :
        List.of(
            List.<String>of(),
            List.of("config", file),
            List.of("rules"),
            List.of("rules", "--diff=no", file),
            List.of("rules", "--nonsense", file))) {
      assertThatThrownBy(() -> TestCommand.start(wrong, work))
          .hasMessageStartingWith("usage: narthex test rules");
    }
    assertThatThrownBy(() -> TestCommand.start(List.of("rules", "--junit", file), work))
        .hasMessage("narthex test rules: --junit needs a value: --junit=VALUE");
    assertThatThrownBy(() -> TestCommand.start(List.of("rules", "no.yml"), work))
        .hasMessage("narthex: error: path 'no.yml' does not exist, try --help");
  }

  @Test
  void refusesWhatItCannotCheck() {
    assertThatThrownBy(() -> CheckCommand.start(List.of("nonsense", "x"), work))
        .hasMessageStartingWith("usage: narthex check config FILE");
    assertThatThrownBy(() -> CheckCommand.start(List.of("config", "nope.yml"), work))
        .hasMessage("narthex: error: path 'nope.yml' does not exist, try --help");
  }

  @Test
  void asksAServerAsPromtoolDoes() throws Exception {
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/-/healthy",
        x -> {
          byte[] body = "Prometheus Server is Healthy.\n".getBytes(StandardCharsets.UTF_8);
          x.sendResponseHeaders(200, body.length);
          x.getResponseBody().write(body);
          x.close();
        });
    server.start();
    String url = "--url=http://127.0.0.1:" + server.getAddress().getPort() + "/";
    try {
      assertThat(ask("healthy", url)).isEqualTo("0   SUCCESS:  Prometheus Server is Healthy.\n\n");
      assertThat(ask("ready", url)).startsWith("1 check failed: URL=").endsWith("status=404\n");
    } finally {
      server.stop(0);
    }
    assertThat(ask("ready", url)).startsWith("1 Get \"http://127.0.0.1");
  }

  private static String ask(String... words) throws Exception {
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    int status =
        CheckCommand.ask(List.of(words), new PrintStream(err, true, StandardCharsets.UTF_8));
    return status + " " + err.toString(StandardCharsets.UTF_8);
  }
}
