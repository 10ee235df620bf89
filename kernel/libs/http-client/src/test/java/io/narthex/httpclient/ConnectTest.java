package io.narthex.httpclient;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.model.go.GoUrl;
import io.narthex.spi.config.Secret;
import io.narthex.spi.plugin.HttpTransport.HttpSettings;
import io.narthex.spi.plugin.HttpTransport.Request;
import io.narthex.spi.plugin.HttpTransport.Response;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** What is said before TLS begins: the head of CONNECT, and the protocols offered. */
class ConnectTest {
  private static final Duration TIMEOUT = Duration.ofSeconds(10);

  private static HttpSettings settings(
      String proxy, boolean http2, Map<String, List<Secret>> header) {
    return new HttpSettings(
        null, null, null, null, "", true, http2, null, proxy, "", false, header, Map.of());
  }

  /** Makes a request that fails, and returns the first bytes the other side got, as Latin-1. */
  private static String begun(String url, HttpSettings settings, ServerSocket peer)
      throws Exception {
    CompletableFuture<String> got = new CompletableFuture<>();
    Thread.ofVirtual()
        .start(() -> {
          try (Socket socket = peer.accept()) {
            byte[] bytes = new byte[4096];
            int n = socket.getInputStream().read(bytes);
            String text = new String(bytes, 0, n, StandardCharsets.ISO_8859_1);
            if (text.startsWith("CONNECT")) {
              BufferedReader rest =
                  new BufferedReader(
                      new InputStreamReader(socket.getInputStream(), StandardCharsets.ISO_8859_1));
              StringBuilder all = new StringBuilder(text);
              while (all.indexOf("\r\n\r\n") < 0) {
                all.append(rest.readLine()).append("\r\n");
              }
              text = all.toString();
            }
            got.complete(text);
          } catch (IOException e) {
            got.completeExceptionally(e);
          }
        });
    try (JettyHttpTransport transport = new JettyHttpTransport("test")) {
      try (Response unused = transport.send(Request.get(GoUrl.parse(url), TIMEOUT), settings)) {
        throw new AssertionError("nobody answers");
      } catch (IOException expected) {
        return got.get(10, TimeUnit.SECONDS);
      }
    }
  }

  @Test
  void headersOfTheProxyGoIntoConnect() throws Exception {
    try (ServerSocket peer = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
      String proxy = "http://127.0.0.1:" + peer.getLocalPort();
      String head =
          begun(
              "https://far.invalid/metrics",
              settings(
                  proxy, true, Map.of("X-Way", List.of(Secret.of("in")))), // proxyConnectHeader
              peer);
      assertThat(head).startsWith("CONNECT far.invalid:443").contains("X-Way: in\r\n");
    }
  }

  @Test
  void http2IsOfferedUnlessSwitchedOff() throws Exception {
    try (ServerSocket peer = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
      String url = "https://127.0.0.1:" + peer.getLocalPort() + "/metrics";
      // the names of protocols stand in the first message in plain, each behind its length
      assertThat(begun(url, settings("", true, Map.of()), peer)).contains("\u0002h2");
      assertThat(begun(url, settings("", false, Map.of()), peer)).doesNotContain("\u0002h2");
    }
  }
}
