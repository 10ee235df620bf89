package io.narthex.model.go;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

final class GoStringTest {
  @Test
  void quotesAsGoDoes() {
    assertThat(GoString.quote("a\"b\\c")).isEqualTo("\"a\\\"b\\\\c\"");
    assertThat(GoString.quote("\u0007\b\f\n\r\t\u000b")).isEqualTo("\"\\a\\b\\f\\n\\r\\t\\v\"");
    assertThat(GoString.quote("\u0000\u001f\u007f")).isEqualTo("\"\\x00\\x1f\\x7f\"");
    assertThat(GoString.quote("é ☺ 😀 \uFFFD")).isEqualTo("\"é ☺ 😀 \uFFFD\"");
    assertThat(GoString.quote("\u0085\u00a0\u00ad\u200b\u2028\ue000"))
        .isEqualTo("\"\\u0085\\u00a0\\u00ad\\u200b\\u2028\\ue000\"");
    assertThat(GoString.quote(Character.toString(0xe0001))).isEqualTo("\"\\U000e0001\"");
    assertThat(GoString.quote("a\udcffb")).isEqualTo("\"a\\xffb\"");
    assertThat(GoString.quote("\ud800")).isEqualTo("\"\\ufffd\"");
    assertThat(GoString.quoteToAscii("é😀")).isEqualTo("\"\\u00e9\\U0001f600\"");
  }

  @Test
  void readsWhatItWrites() {
    for (String s :
        new String[] {
          "", "a\"'`b\\", "\u0000\u001f\u007f\n", "é☺😀\u200b\uFFFD", "x\udc80\udcffy"
        }) {
      assertThat(GoString.unquote(GoString.quote(s))).isEqualTo(s);
    }
  }

  @Test
  void readsAllQuotes() {
    assertThat(GoString.unquote("`a\\n\"\n`")).isEqualTo("a\\n\"\n");
    assertThat(GoString.unquote("'it\\'s \"so\"'")).isEqualTo("it's \"so\"");
    assertThat(GoString.unquote("\"\\101\\x41\\u0041\\U00000041\"")).isEqualTo("AAAA");
    assertThat(GoString.unquote("\"\\xe2\\x82\\xac\"")).isEqualTo("€");
    assertThat(GoString.unquote("\"\\xe2\\x82 \\377\"")).isEqualTo("\udce2\udc82 \udcff");
  }

  @Test
  void refusesWhatGoRefuses() {
    for (String s :
        new String[] {
          "",
          "\"",
          "abc",
          "\"a'",
          "\"a\"b\"",
          "`a`b`",
          "\"a\nb\"",
          "\"a\\\"",
          "\"\\q\"",
          "\"\\'\"",
          "'\\\"'",
          "\"\\x4\"",
          "\"\\400\"",
          "\"\\08\"",
          "\"\\ud800\"",
          "\"\\U00110000\"",
          "\"\\u００４１\""
        }) {
      assertThatThrownBy(() -> GoString.unquote(s)).as(s).hasMessage("invalid syntax");
    }
  }

  @Test
  void decodesBytesThatAreNotUtf8OneByOne() {
    for (String s : new String[] {"plain", "é☺😀", ""}) {
      byte[] utf8 = s.getBytes(StandardCharsets.UTF_8);
      assertThat(GoString.decode(utf8, 0, utf8.length)).isEqualTo(s);
    }
    byte[] bad = {'a', (byte) 0xc3, (byte) 0xa9, (byte) 0xff, (byte) 0xe2, (byte) 0x82, 'b'};
    assertThat(GoString.quote(GoString.decode(bad, 0, bad.length)))
        .isEqualTo("\"aé\\xff\\xe2\\x82b\"");
    byte[] overlong = {(byte) 0xc0, (byte) 0x80, (byte) 0xed, (byte) 0xa0, (byte) 0x80};
    assertThat(GoString.replaceRawBytes(GoString.decode(overlong, 0, overlong.length)))
        .isEqualTo("\uFFFD".repeat(5));
    assertThat(GoString.hasRawBytes("😀")).isFalse();
  }
}
