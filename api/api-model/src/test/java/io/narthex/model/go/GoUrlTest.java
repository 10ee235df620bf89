package io.narthex.model.go;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class GoUrlTest {
  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '`',
      textBlock =
          """
          http://node_exporter:9100/metrics, node_exporter:9100, node_exporter, 9100, 9100
          http://web.1/, web.1, web.1, ``, 80
          http://app.1.9zq3ab:8080/x, app.1.9zq3ab:8080, app.1.9zq3ab, 8080, 8080
          HTTP://NODE_EXPORTER/, NODE_EXPORTER, NODE_EXPORTER, ``, 80
          https://host_/, host_, host_, ``, 443
          http://-x:1/, -x:1, -x, 1, 1
          http://a..b/, a..b, a..b, ``, 80
          http://1.2.3/, 1.2.3, 1.2.3, ``, 80
          http://bücher.example:1/, bücher.example:1, bücher.example, 1, 1
          http://b%C3%BCcher.example/, bücher.example, bücher.example, ``, 80
          http://[fe80::1%25eth0]:9/, [fe80::1%eth0]:9, fe80::1%eth0, 9, 9
          http://[::1]/, [::1], ::1, ``, 80
          http://fe80::1:9100/, fe80::1:9100, fe80::1, 9100, 9100
          http://h:/, h:, h, ``, 80
          http://h:0/, h:0, h, 0, 0
          http://h:00080/, h:00080, h, 00080, 80
          http://h:65536/, h:65536, h, 65536, -1
          socks5://p/, p, p, ``, 1080
          """)
  void takesHostsAsTheyAre(String url, String host, String hostname, String port, int number) {
    GoUrl u = GoUrl.parse(url);
    assertThat(u.host()).isEqualTo(host);
    assertThat(u.hostname()).isEqualTo(hostname);
    assertThat(u.port()).isEqualTo(port == null ? "" : port);
    assertThat(u.portNumber()).isEqualTo(number);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          http://ümlaut.de/a          | http://%C3%BCmlaut.de/a
          http://[fe80::1%25eth0]:9/  | http://[fe80::1%25eth0]:9/
          HTTP://Host/                | http://Host/
          http://h                    | http://h
          http://h?                   | http://h?
          http://h/a b                | http://h/a%20b
          http://h/a%20b              | http://h/a%20b
          http://h/!(*)'              | http://h/!(*)'
          http://h/ü?ü=ü              | http://h/%C3%BC?ü=ü
          http://h/a[0]               | http://h/a[0]
          http://h/a{0}               | http://h/a%7B0%7D
          http://u:p@h/               | http://u:p@h/
          http://u:p%40%2f@h/         | http://u:p%40%2F@h/
          http://:p@h/                | http://:p@h/
          http://u@h/                 | http://u@h/
          mailto:a@b                  | mailto:a@b
          file:///etc/x               | file:///etc/x
          unix:/run/x.sock            | unix:/run/x.sock
          //h/p                       | //h/p
          p/q?a=b#c d                 | p/q?a=b#c%20d
          *                           | *
          """)
  void printsAsGo(String url, String printed) {
    assertThat(GoUrl.parse(url)).hasToString(printed);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          :x              | missing protocol scheme
          1:x             | first path segment in URL cannot contain colon
          a_b:9100        | first path segment in URL cannot contain colon
          http://h:x/     | invalid port ":x" after host
          http://h:9:x/   | invalid port ":x" after host
          http://[::1/    | missing ']' in host
          http://a b/     | invalid character " " in host name
          http://a%20b/   | invalid URL escape "%20"
          http://h/100%   | invalid URL escape "%"
          http://h/%zz    | invalid URL escape "%zz"
          http://u p@h/   | net/url: invalid userinfo
          http://a\\\\b/  | invalid character "\\\\" in host name
          """)
  void refusesWithTheWordsOfGo(String url, String reason) {
    String text = url.replace("\\\\", "\\");
    assertThatThrownBy(() -> GoUrl.parse(text))
        .isInstanceOfSatisfying(
            GoUrl.InvalidUrlException.class,
            e -> {
              assertThat(e.reason()).isEqualTo(reason);
              assertThat(e).hasMessage("parse " + GoString.quote(text) + ": " + reason);
            });
  }

  @Test
  void refusesControlCharacters() {
    assertThatThrownBy(() -> GoUrl.parse("http://h/a\nb"))
        .hasMessage("parse \"http://h/a\\nb\": net/url: invalid control character in URL");
    assertThatThrownBy(() -> GoUrl.parseRequest("")).hasMessageEndingWith("empty url");
    assertThatThrownBy(() -> GoUrl.parseRequest("a/b"))
        .hasMessageEndingWith("invalid URI for request");
    assertThat(GoUrl.parseRequest("///h/p").escapedPath()).isEqualTo("///h/p");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          /100%           | /100%25
          /a b            | /a%20b
          /ü              | /%C3%BC
          /x?y            | /x%3Fy
          /a!b            | /a%21b
          relative        | /relative
          /a%20b          | /a%2520b
          /\u007f         | /%7F
          """)
  void escapesPathsThatAreSettings(String path, String escaped) {
    String url = GoUrl.join("http", "node_exporter:9100", path, "");
    assertThat(url).isEqualTo("http://node_exporter:9100" + escaped);
    assertThat(GoUrl.parse(url).escapedPath()).isEqualTo(escaped);
  }

  @Test
  void joinsHostsThatNeedEscapes() {
    assertThat(GoUrl.join("http", "[fe80::1%eth0]:9", "/m", "a=b"))
        .isEqualTo("http://[fe80::1%25eth0]:9/m?a=b");
    assertThat(GoUrl.join("", "h", "/m", "")).isEqualTo("//h/m");
    assertThatThrownBy(() -> GoUrl.parse(GoUrl.join("http", "u@h", "/m", "")))
        .hasMessageEndingWith("invalid URL escape \"%40\"");
  }

  @Test
  void knowsUserAndPassword() {
    GoUrl url = GoUrl.parse("https://us%3Aer:p%40ss:w@h/x");
    assertThat(url.user()).isEqualTo("us:er");
    assertThat(url.password()).isEqualTo("p@ss:w");
    assertThat(url.redacted()).isEqualTo("https://us%3Aer:xxxxx@h/x");
    assertThat(GoUrl.parse("http://u@h/").password()).isNull();
    assertThat(GoUrl.parse("http://h/").user()).isNull();
  }

  /** The examples of RFC 3986, section 5.4, but for those that Go answers otherwise. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          g       | http://u:p@a/b/c/g
          ./g     | http://u:p@a/b/c/g
          g/      | http://u:p@a/b/c/g/
          /g      | http://u:p@a/g
          //g     | http://g
          ?y      | http://u:p@a/b/c/d;p?y
          g?y     | http://u:p@a/b/c/g?y
          #s      | http://u:p@a/b/c/d;p?q#s
          ;x      | http://u:p@a/b/c/;x
          ``      | http://u:p@a/b/c/d;p?q
          .       | http://u:p@a/b/c/
          ..      | http://u:p@a/b/
          ../..   | http://u:p@a/
          ../../../g | http://u:p@a/g
          /./g    | http://u:p@a/g
          g..     | http://u:p@a/b/c/g..
          g/./h   | http://u:p@a/b/c/g/h
          HTTP://o/x/../y | http://o/y
          """)
  void resolvesReferences(String reference, String expected) {
    GoUrl base = GoUrl.parse("http://u:p@a/b/c/d;p?q");
    assertThat(base.resolve(reference == null ? "" : reference)).hasToString(expected);
  }

  @ParameterizedTest
  @ValueSource(strings = {"http://h/a?b c", "http://h/a?b%20c"})
  void requestTargetsHaveNoBlanks(String url) {
    assertThat(GoUrl.parse(url).requestTarget()).isEqualTo("/a?b%20c");
  }

  @Test
  void requestTargetsOfEmptyPathsAreTheRoot() {
    assertThat(GoUrl.parse("http://h").requestTarget()).isEqualTo("/");
    assertThat(GoUrl.parse("http://h?").requestTarget()).isEqualTo("/?");
    assertThat(GoUrl.escapeQuery("a b&ü+")).isEqualTo("a+b%26%C3%BC%2B");
  }
}
