package io.narthex.httpclient;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

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
