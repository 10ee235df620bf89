package io.narthex.httpclient;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The same answers to a thread that reads them itself. */
@ExtendWith(OnVirtualThread.class)
class PlainOddAnswersTest extends OddAnswersTest {
  @Test
  void bodiesEndAsTheirHeadSays() throws Exception {
    assertThat(answer("HTTP/1.1 200 OK\r\n\r\nuntil the end")).isEqualTo("200 until the end");
    assertThat(answer("HTTP/1.0 200 OK\r\n\r\nuntil the end")).isEqualTo("200 until the end");
    assertThat(answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")).isEqualTo("200 ");
    assertThat(answer("HTTP/1.1 204 No Content\r\n\r\n")).isEqualTo("204 ");
    assertThat(answer("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n")).isEqualTo("304 ");
    assertThat(
            answer(
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                    + "3;x=y\r\nabc\r\n1\r\nd\r\n0\r\nTrailer: 1\r\n\r\n"))
        .isEqualTo("200 abcd");
    String large = "x".repeat(1_000_000);
    assertThat(answer("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + large))
        .isEqualTo("200 " + large);
  }

  /** Each was tried with Prometheus 3.5.3. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "HTTP/1.1 200 OK\r\nX-A: b\r\n\tc\r\nContent-Length: 3\r\n\r\nm 1",
        "HTTP/1.1 200 OK\r\nX-A : b\r\nContent-Length: 3\r\n\r\nm 1",
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nm 1",
        "HTTP/1.1 200 OK\r\nContent-Length: 40\r\nTransfer-Encoding: chunked\r\n\r\n"
            + "3\r\nm 1\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 40\r\n\r\n"
            + "3\r\nm 1\r\n0\r\n\r\n",
        "HTTP/1.2 200 OK\r\nContent-Length: 3\r\n\r\nm 1",
        "HTTP/2.0 200 OK\r\nContent-Length: 3\r\n\r\nm 1",
        "HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\nm 1",
        "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\nm 1",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n3\r\nm 1\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\nContent-Length: 3\n\nm 1",
        "HTTP/1.1 200\r\nContent-Length: 3\r\n\r\nm 1",
      })
  void answersThatGoTakesAreTaken(String text) throws Exception {
    assertThat(answer(text)).isEqualTo("200 m 1");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nm 1",
        "HTTP/1.1 200 OK\r\nContent-Length: 3, 3\r\n\r\nm 1",
        "HTTP/1.1 200 OK\r\nContent-Length: +3\r\n\r\nm 1",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\nm 1",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\nm 1\n0\n\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nm 1\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nm 1\r\n0",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nm 1\r\n0\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nm 1",
        "HTTP/1.1 200 OK\r\nfoo\r\nContent-Length: 3\r\n\r\nm 1",
        "HTTP/1.1 200 OK\r\n: x\r\nContent-Length: 3\r\n\r\nm 1",
        "\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nm 1",
        "http/1.1 200 OK\r\nContent-Length: 3\r\n\r\nm 1",
      })
  void answersThatGoRefusesAreRefused(String text) {
    assertThatThrownBy(() -> answer(text)).isInstanceOf(IOException.class);
  }

  @Test
  void headsAndBodiesThatEndEarlyOrNeverAreFailures() {
    assertThatThrownBy(() -> answer("HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\nshort"))
        .hasMessageEndingWith(": EOF");
    assertThatThrownBy(
            () -> answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc"))
        .hasMessageEndingWith(": EOF");
    assertThatThrownBy(() -> answer("HTTP/1.1 200 OK\r\nA: b")).hasMessageEndingWith(": EOF");
    assertThatThrownBy(() -> answer("HTTP/1.1 200 OK\r\nA: " + "x".repeat(2 << 20) + "\r\n\r\n"))
        .hasMessageContaining("malformed HTTP response");
  }
}
