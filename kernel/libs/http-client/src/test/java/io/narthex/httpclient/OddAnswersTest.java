package io.narthex.httpclient;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.model.go.GoUrl;
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
import org.junit.jupiter.api.Test;

/** Answers that only a broken or hostile server gives. */
class OddAnswersTest {
  private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nm 1";

  /** Returns status and body of what comes out of an answer. */
  static String answer(String text) throws Exception {
    try (ServerSocket server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
        JettyHttpTransport transport = new JettyHttpTransport("test")) {
      Thread.ofVirtual()
          .start(() -> {
            try (Socket socket = server.accept()) {
              BufferedReader in =
                  new BufferedReader(
                      new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII));
              for (String line = in.readLine();
                  line != null && !line.isEmpty();
                  line = in.readLine()) {
                // the head
              }
              socket.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
              socket.getOutputStream().flush();
              socket.shutdownOutput();
              int unused = in.read();
            } catch (IOException _) {
              // the client sees it
            }
          });
      Request request =
          Request.get(
              GoUrl.parse("http://127.0.0.1:" + server.getLocalPort() + "/metrics"),
              Duration.ofSeconds(10));
      try (Response r = transport.send(request, HttpSettings.DEFAULT)) {
        return r.status() + " " + new String(r.body().readAllBytes(), StandardCharsets.UTF_8);
      }
    }
  }

  @Test
  void interimAnswersAreNotTheAnswer() throws Exception {
    String interim = "HTTP/1.1 100 Continue\r\n\r\n";
    assertThat(answer(interim + OK)).isEqualTo("200 m 1");
    assertThat(answer(interim.repeat(5) + OK)).isEqualTo("200 m 1");
    assertThat(
            answer(
                "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
                    + "HTTP/1.1 102 Processing\r\n\r\n"
                    + OK))
        .isEqualTo("200 m 1");
    assertThatThrownBy(() -> answer(interim.repeat(6) + OK))
        .hasMessageContaining("too many 1xx informational responses");
  }

  @Test
  void errorsNameNoClassesAndNoObjects() throws Exception {
    for (String bad :
        new String[] {
          "garbage\r\n\r\n",
          "HTTP/9.9 200 OK\r\n\r\n",
          "HTTP/1.1 abc OK\r\n\r\n",
          "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
          "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
          "HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\nshort",
          "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
          "HTTP/1.1 200 OK\r\nA: " + "x".repeat(3 << 20) + "\r\n\r\n",
          "\u0016\u0003\u0001\u0002",
          ""
        }) {
      String told;
      try {
        told = answer(bad);
      } catch (IOException e) {
        told = String.valueOf(e.getMessage());
      }
      assertThat(told)
          .as(bad.substring(0, Math.min(60, bad.length())))
          .doesNotContain("org.eclipse", "@", "java.", "Exception", "Http");
    }
  }
}
