package io.narthex.httpclient;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.model.go.GoUrl;
import io.narthex.spi.plugin.HttpTransport;
import io.narthex.spi.plugin.HttpTransport.HttpSettings;
import io.narthex.spi.plugin.HttpTransport.Request;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What is promised to all callers, and what a thread that reads responses itself has besides. */
@NullUnmarked
@ExtendWith(OnVirtualThread.class)
class PlainHttpTransportTest extends JettyHttpTransportTest {
  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  @Test
  void keepsItsConnectionWhenTheBodyHasBeenRead() throws Exception {
    Set<Integer> ports = ConcurrentHashMap.newKeySet();
    server.createContext(
        "/",
        x -> {
          ports.add(x.getRemoteAddress().getPort());
          answer(x, 200, bytes("x".repeat(100_000)));
        });
    for (int i = 0; i < 5; i++) {
      assertThat(body(Request.get(url(server, "/"), TIMEOUT), HttpSettings.DEFAULT))
          .hasSize(100_000);
    }
    try (HttpTransport.Response r =
        transport.send(Request.get(url(server, "/"), TIMEOUT), HttpSettings.DEFAULT)) {
      assertThat(r.body().read()).isEqualTo('x');
    }
    assertThat(ports).hasSize(1);
    assertThat(transport.plainWaiting()).as("the rest of a large body is not wanted").isZero();
    assertThat(body(Request.get(url(server, "/"), TIMEOUT), HttpSettings.DEFAULT)).hasSize(100_000);
    assertThat(ports).hasSize(2);
    assertThat(transport.plainWaiting()).isEqualTo(1);
  }

  @Test
  void aResponseCannotBeReadOnceItIsClosed() throws Exception {
    server.createContext("/", x -> answer(x, 200, bytes("text")));
    HttpTransport.Response r =
        transport.send(Request.get(url(server, "/"), TIMEOUT), HttpSettings.DEFAULT);
    InputStream body = r.body();
    r.close();
    r.close();
    assertThat(transport.plainWaiting()).isEqualTo(1);
    assertThatThrownBy(body::read).hasMessageContaining("closed");
  }

  @Test
  void findsHostsByNameAndSendsTheQueryAndTheHost() throws Exception {
    server.createContext("/", x -> answer(x, 200, bytes(x.getRequestURI() + "\n" + head(x))));
    GoUrl named =
        GoUrl.parse("http://localhost:" + server.getAddress().getPort() + "/a%20b?match[]=%7B%7D");
    assertThat(body(Request.get(named, TIMEOUT), HttpSettings.DEFAULT))
        .contains("/a%20b?match[]=%7B%7D\n")
        .contains("Host=[localhost:" + server.getAddress().getPort() + "]")
        .contains("Accept-encoding=[gzip]");
    assertThat(transport.plainWaiting()).isEqualTo(1);
    assertThatThrownBy(() ->
            body(
                Request.get(GoUrl.parse("http://nowhere.invalid/"), TIMEOUT), HttpSettings.DEFAULT))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("dial tcp: lookup nowhere.invalid: no such host");
  }

  private static String head(com.sun.net.httpserver.HttpExchange x) {
    return new String(echo(x), StandardCharsets.UTF_8);
  }

  @Test
  void headersThatMightEndALineGoTheOtherWay() throws Exception {
    server.createContext("/", x -> answer(x, 200, echo(x)));
    List<String> seen = new ArrayList<>();
    for (String value : new String[] {"a\r\nX-Injected: 1", "a\nX-Injected: 1", "ä"}) {
      Request request =
          new Request(
              "GET", url(server, "/"), Map.of("X-Given", value), null, Duration.ofSeconds(5), null);
      try {
        seen.add(body(request, HttpSettings.DEFAULT));
      } catch (IOException e) {
        seen.add("refused");
      }
    }
    assertThat(seen).hasSize(3).noneMatch(s -> s.contains("X-injected"));
    assertThat(transport.plainWaiting()).isZero();
  }

  @Test
  void aBodyThatStopsIsATimeout() throws Exception {
    server.createContext(
        "/",
        x -> {
          x.sendResponseHeaders(200, 10);
          x.getResponseBody().write('x');
          x.getResponseBody().flush();
        });
    try (HttpTransport.Response r =
        transport.send(
            Request.get(url(server, "/"), Duration.ofMillis(300)), HttpSettings.DEFAULT)) {
      assertThatThrownBy(() -> r.body().readAllBytes())
          .isInstanceOf(IOException.class)
          .hasMessage("context deadline exceeded")
          .matches(HttpTransport::isTimeout, "a timeout");
    }
    assertThat(transport.plainWaiting()).isZero();
  }
}
