package io.narthex.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.service.config.AccessConfig;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/**
 * Requests that no client sends by mistake, byte by byte: two readings of one message, paths that
 * lead elsewhere, texts that a browser could take for a page.
 */
class HostileHttpTest extends AccessHarness {
  private static final Pattern STATUS = Pattern.compile("HTTP/1\\.1 (\\d{3}) ");
  private static final String SCRIPT = "<script>alert(1)</script>";
  private static final String SECOND = "GET /-/healthy HTTP/1.1\r\nHost: a\r\n\r\n";

  /** Sends a message, shuts the sending side, and returns the statuses of all answers. */
  private List<Integer> answers(String message) throws IOException {
    List<Integer> out = new ArrayList<>();
    try (Socket socket = new Socket("127.0.0.1", port())) {
      socket.setSoTimeout(20_000);
      socket.getOutputStream().write(message.getBytes(StandardCharsets.ISO_8859_1));
      socket.shutdownOutput();
      String all = new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
      STATUS.matcher(all).results().forEach(r -> out.add(Integer.parseInt(r.group(1))));
    }
    return out;
  }

  /** What a proxy in front may read otherwise is refused, and nothing behind it is read. */
  @Test
  void messagesWithTwoReadingsAreRefused() throws Exception {
    start();
    for (String headers :
        List.of(
            "Content-Length: 5\r\nTransfer-Encoding: chunked",
            "Transfer-Encoding: chunked\r\nContent-Length: 5",
            "Content-Length: 5\r\nContent-Length: 6",
            "Content-Length: 5, 5",
            "Content-Length: +5",
            "Content-Length: -1",
            "Content-Length: 0x5",
            "Content-Length: 5 5",
            "Content-Length: 99999999999999999999",
            "Content-Length : 5",
            "Transfer-Encoding: xchunked",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
            "Transfer-Encoding : chunked",
            "Transfer-Encoding:\u000bchunked\r\nContent-Length: 5",
            "Transfer-Encoding:\r\n chunked\r\nContent-Length: 5",
            "X: a\u0000b",
            "X: a\rb",
            "Host: b",
            "X")) {
      assertThat(
              answers(
                  "POST /api/v1/query HTTP/1.1\r\nHost: a\r\n"
                      + headers
                      + "\r\n\r\n0\r\n\r\n"
                      + SECOND))
          .as(headers)
          .containsExactly(400);
    }
    for (String line :
        List.of(
            "GET /-/healthy HTTP/1.1\r\n\r\n", // no host
            "GET http://other/-/healthy HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET /-/healthy HTTP/1.1\rHost: a\r\r",
            "GET\t/-/healthy HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET /-/healthy HTTP/1.1 x\r\nHost: a\r\n\r\n")) {
      assertThat(answers(line + SECOND)).as(line).isNotEmpty().first().isNotEqualTo(200);
    }
  }

  @Test
  void chunksThatAreNoneEndTheConnection() throws Exception {
    start();
    String head =
        "POST /api/v1/query HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            + "Transfer-Encoding: chunked\r\n\r\n";
    for (String chunks :
        List.of(
            "-1\r\n\r\n",
            "ffffffffffffffffff\r\n\r\n",
            "0x1\r\na\r\n0\r\n\r\n",
            "2;\nxx\r\n4c\r\n0\r\n\r\n",
            "5\r\nabc\r\n0\r\n\r\n",
            "3\r\nabcdef\r\n0\r\n\r\n",
            "g\r\n")) {
      assertThat(answers(head + chunks + SECOND)).as(chunks).hasSizeLessThan(2).doesNotContain(200);
    }
  }

  /** An unread body is not taken for the next request. */
  @Test
  void bodiesThatNobodyReadsAreNoRequests() throws Exception {
    start();
    String inner = "DELETE /api/v2/nowhere HTTP/1.1\r\nHost: a\r\n\r\n";
    for (String line :
        List.of("GET /-/healthy", "POST /nowhere", "PUT /metrics", "HEAD /-/ready")) {
      assertThat(
              answers(
                  line
                      + " HTTP/1.1\r\nHost: a\r\nContent-Length: "
                      + inner.length()
                      + "\r\n\r\n"
                      + inner
                      + SECOND))
          .as(line)
          .hasSizeBetween(1, 2)
          .allSatisfy(status -> assertThat(status).isIn(200, 404, 405));
    }
  }

  /** No encoding of a path escapes from what is served, or bypasses the login. */
  @Test
  void pathsLeadNowhereElse() throws Exception {
    access.set(
        new AccessConfig(
            AccessConfig.Mode.STRICT, Map.of(), Map.of(), AccessConfig.DEFAULT.sessions(), null));
    start();
    for (String path :
        List.of(
            "/../../etc/passwd",
            "/assets/../../../etc/passwd",
            "/assets/..%2f..%2f..%2fetc%2fpasswd",
            "/assets/%2e%2e/%2e%2e/etc/passwd",
            "/assets/..%5c..%5cetc",
            "/assets/..;/..;/etc/passwd",
            "/assets/%00",
            "/assets/a%00.js",
            "/assets/%c0%ae%c0%ae/x",
            "/assets/%252e%252e/%252e%252e/etc/passwd",
            "/assets/\u00ff",
            "/user/../../etc/passwd",
            "/user/%2e%2e%2f%2e%2e%2fetc/passwd",
            "//etc/passwd",
            "/%2e%2e",
            "/-/healthy/../../api/v1/labels",
            "/-/healthy/%2e%2e/%2e%2e/api/v1/labels",
            "/-/healthy/..;/..;/api/v1/labels",
            "/-/healthy;/../../api/v1/labels",
            "/-/healthy%2f..%2f..%2fapi/v1/labels",
            "/assets/../api/v1/labels",
            "/assets/x/../../api/v1/labels",
            "/login/../api/v1/labels",
            "/narthex/api/v1/oidc/../plugins",
            "/narthex/api/v1/session/../plugins",
            "//api/v1/labels",
            "/./api/v1/labels",
            "/api//v1/labels",
            "/%61pi/v1/labels",
            "/api/v1/label%73",
            "/API/v1/labels",
            "/api/v1/labels;x",
            "/api/v1/labels/",
            "/federate/",
            "/metrics;/",
            "/exporters/../metrics")) {
      for (String method : List.of("GET", "POST", "HEAD")) {
        List<Integer> got =
            answers(
                method
                    + " "
                    + path
                    + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        assertThat(got)
            .as("%s %s", method, path)
            .hasSize(1)
            .allSatisfy(s -> assertThat(s).isBetween(300, 499));
      }
    }
  }

  /** Input that is echoed never becomes HTML or a header. */
  @Test
  void answersRepeatNoScript() throws Exception {
    start();
    String encoded = "%3Cscript%3Ealert(1)%3C/script%3E";
    for (String path :
        List.of(
            "/" + encoded,
            "/" + encoded + "/",
            "/query/?a=" + encoded,
            "/alerts/%0d%0aX-Injected:%20a/",
            "/?a=%0d%0aX-Injected:%20a",
            "/query/?a=%0d%0aX-Injected:%20a",
            "/user/" + encoded,
            "/assets/" + encoded,
            "/exporters/" + encoded + "/metrics",
            "/federate?match[]=" + encoded,
            "/metrics?name[]=" + encoded,
            "/login?next=" + encoded,
            "/api/v1/" + encoded,
            "/api/v1/query?query=" + encoded,
            "/api/v1/query?query=up&time=" + encoded,
            "/api/v1/label/" + encoded + "/values",
            "/api/v1/series?match[]=" + encoded,
            "/api/v1/rules?type=" + encoded,
            "/api/v1/targets?state=" + encoded,
            "/api/v2/" + encoded,
            "/api/v2/silence/" + encoded.replace("/", "%2F"),
            "/api/v2/silence/x" + encoded.replace("/script", ""),
            "/api/v2/alerts?filter=" + encoded,
            "/narthex/api/v1/" + encoded,
            "/narthex/api/v1/plugins/" + encoded,
            "/narthex/api/v1/oidc/callback?code="
                + encoded
                + "&state="
                + encoded
                + "&error="
                + encoded,
            "/-/" + encoded)) {
      for (String method : List.of("GET", "POST", "DELETE", "X" + SCRIPT)) {
        assertHarmless(
            method + " " + path,
            raw(
                method
                    + " "
                    + path
                    + " HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"));
      }
    }
    for (String header :
        List.of(
            "Host: " + SCRIPT,
            "Host: a\r\nX-Forwarded-Host: " + SCRIPT,
            "Host: a\r\nOrigin: " + SCRIPT,
            "Host: a\r\nReferer: " + SCRIPT,
            "Host: a\r\nContent-Type: " + SCRIPT,
            "Host: a\r\nAuthorization: Basic " + SCRIPT,
            "Host: a\r\nCookie: narthex_session=" + SCRIPT,
            "Host: a\r\nTransfer-Encoding: " + SCRIPT)) {
      assertHarmless(
          header,
          raw(
              "POST /api/v2/silences HTTP/1.1\r\n"
                  + header
                  + "\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"));
    }
  }

  private static void assertHarmless(String what, String answer) {
    int end = answer.indexOf("\r\n\r\n");
    assertThat(end).as(what).isPositive();
    String head = answer.substring(0, end);
    String body = answer.substring(end);
    assertThat(head).as(what).doesNotContain("\nX-Injected").doesNotContain(SCRIPT);
    String type =
        head.lines()
            .filter(l -> l.toLowerCase(Locale.ROOT).startsWith("content-type:"))
            .map(l -> l.substring("content-type:".length()).strip())
            .findFirst()
            .orElse("");
    if (body.contains("<script")) {
      assertThat(type).as("%s: %s", what, answer).matches("application/json(;.*)?|text/plain;.*");
      if (type.startsWith("text/plain")) {
        assertThat(head).as(what).containsIgnoringCase("X-Content-Type-Options: nosniff");
      }
    }
  }

  /** Deep nesting costs no stack, and compressed bodies are not inflated unasked. */
  @Test
  void bodiesThatOnlyNestAreRefused() throws Exception {
    start();
    for (String open : List.of("[", "{\"a\":", "[{\"labels\":", "[[],")) {
      String body = open.repeat(400_000 / open.length());
      for (String path :
          List.of(
              "/api/v2/alerts",
              "/api/v2/silences",
              "/narthex/api/v1/login",
              "/narthex/api/v1/tokens")) {
        String answer =
            rawOrCut(
                "POST "
                    + path
                    + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAuthorization: Bearer "
                    + TOKEN
                    + "\r\nConnection: close\r\nContent-Length: "
                    + body.length()
                    + "\r\n\r\n"
                    + body);
        // an answer that comes before the end of the body may be lost with the connection
        assertThat(answer).as("%s %s", path, open).matches("(?s)|HTTP/1.1 4\\d\\d .*");
        assertThat(answer.length()).as("the answer is short").isLessThan(3000);
      }
    }
    assertThat(send(to("/-/healthy")).statusCode()).isEqualTo(200);
  }
}
