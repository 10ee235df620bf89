package io.narthex.template;

import java.nio.charset.StandardCharsets;

/** Escaping for HTML, JavaScript, URLs and CSS, as Go's packages do it. */
final class Escapes {
  /** What stands in a page for a value that is not safe there. */
  static final String REFUSED = "ZgotmplZ";

  private static final String UPPER_HEX = "0123456789ABCDEF";
  private static final String LOWER_HEX = "0123456789abcdef";

  private Escapes() {}

  /** As template.HTMLEscapeString. */
  static String html(String s) {
    StringBuilder b = new StringBuilder(s.length() + 16);
    for (int i = 0; i < s.length(); i++) {
      char c = s.charAt(i);
      switch (c) {
        case 0 -> b.append('\uFFFD');
        case '"' -> b.append("&#34;");
        case '\'' -> b.append("&#39;");
        case '&' -> b.append("&amp;");
        case '<' -> b.append("&lt;");
        case '>' -> b.append("&gt;");
        default -> b.append(c);
      }
    }
    return b.toString();
  }

  /** As the escaper of html/template for text and quoted attributes: also {@code +}. */
  static String htmlText(String s) {
    return html(s).replace("+", "&#43;");
  }

  /** Escapes for an attribute without quotes. */
  static String htmlUnquoted(String s) {
    StringBuilder b = new StringBuilder(s.length() + 16);
    if (s.isEmpty()) {
      return "";
    }
    for (int i = 0; i < s.length(); i++) {
      char c = s.charAt(i);
      switch (c) {
        case 0 -> b.append("&#xfffd;");
        case '\t' -> b.append("&#9;");
        case '\n' -> b.append("&#10;");
        case 11 -> b.append("&#11;");
        case '\f' -> b.append("&#12;");
        case '\r' -> b.append("&#13;");
        case ' ' -> b.append("&#32;");
        case '"' -> b.append("&#34;");
        case '&' -> b.append("&amp;");
        case '\'' -> b.append("&#39;");
        case '+' -> b.append("&#43;");
        case '<' -> b.append("&lt;");
        case '=' -> b.append("&#61;");
        case '>' -> b.append("&gt;");
        case '`' -> b.append("&#96;");
        default -> b.append(c);
      }
    }
    return b.toString();
  }

  /** As template.JSEscapeString. */
  static String js(String s) {
    StringBuilder b = new StringBuilder(s.length() + 16);
    for (int i = 0; i < s.length(); i++) {
      char c = s.charAt(i);
      switch (c) {
        case '\\' -> b.append("\\\\");
        case '\'' -> b.append("\\'");
        case '"' -> b.append("\\\"");
        case '<' -> b.append("\\u003C");
        case '>' -> b.append("\\u003E");
        case '&' -> b.append("\\u0026");
        case '=' -> b.append("\\u003D");
        default -> {
          if (c < 0x20 || c == 0x7f) {
            b.append(String.format(java.util.Locale.ROOT, "\\u%04X", (int) c));
          } else {
            b.append(c);
          }
        }
      }
    }
    return b.toString();
  }

  /** Escapes for the inside of a JavaScript string or regular expression of a page. */
  static String jsString(String s) {
    StringBuilder b = new StringBuilder(s.length() + 16);
    for (int i = 0; i < s.length(); i++) {
      char c = s.charAt(i);
      switch (c) {
        case '\t' -> b.append("\\t");
        case '\n' -> b.append("\\n");
        case 11 -> b.append("\\u000b");
        case '\f' -> b.append("\\f");
        case '\r' -> b.append("\\r");
        case '"', '&', '\'', '+', '<', '>', '`', 0 ->
            b.append(String.format(java.util.Locale.ROOT, "\\u%04x", (int) c));
        case '/' -> b.append("\\/");
        case '\\' -> b.append("\\\\");
        case '\u2028' -> b.append("\\u2028");
        case '\u2029' -> b.append("\\u2029");
        default -> b.append(c);
      }
    }
    return b.toString();
  }

  /** As url.QueryEscape: a space becomes a plus. */
  static String query(String s) {
    StringBuilder b = new StringBuilder(s.length() + 16);
    for (byte x : s.getBytes(StandardCharsets.UTF_8)) {
      char c = (char) (x & 255);
      if (c == ' ') {
        b.append('+');
      } else if (isUnreserved(c)) {
        b.append(c);
      } else {
        b.append('%').append(UPPER_HEX.charAt(c >> 4)).append(UPPER_HEX.charAt(c & 15));
      }
    }
    return b.toString();
  }

  /** As url.PathEscape. */
  static String path(String s) {
    StringBuilder b = new StringBuilder(s.length() + 16);
    for (byte x : s.getBytes(StandardCharsets.UTF_8)) {
      char c = (char) (x & 255);
      if (isUnreserved(c) || "$&+:=@".indexOf(c) >= 0) {
        b.append(c);
      } else {
        b.append('%').append(UPPER_HEX.charAt(c >> 4)).append(UPPER_HEX.charAt(c & 15));
      }
    }
    return b.toString();
  }

  /**
   * Escapes for a URL inside a page.
   *
   * @param normalize whether to keep what is already well-formed instead of escaping each reserved
   *     character
   */
  static String url(String s, boolean normalize) {
    StringBuilder b = new StringBuilder(s.length() + 16);
    byte[] bytes = s.getBytes(StandardCharsets.UTF_8);
    for (int i = 0; i < bytes.length; i++) {
      char c = (char) (bytes[i] & 255);
      boolean keep;
      if ("!#$&*+,/:;=?@[]".indexOf(c) >= 0) {
        keep = normalize;
      } else if (isUnreserved(c)) {
        keep = true;
      } else if (c == '%') {
        keep =
            normalize
                && i + 2 < bytes.length
                && Character.digit(bytes[i + 1], 16) >= 0
                && Character.digit(bytes[i + 2], 16) >= 0;
      } else {
        keep = false;
      }
      if (keep) {
        b.append(c);
      } else {
        b.append('%').append(LOWER_HEX.charAt(c >> 4)).append(LOWER_HEX.charAt(c & 15));
      }
    }
    return b.toString();
  }

  /** Escapes for a CSS string. */
  static String css(String s) {
    StringBuilder b = new StringBuilder(s.length() + 16);
    for (int i = 0; i < s.length(); i++) {
      char c = s.charAt(i);
      if (c < 0x20 || "\"&'()+/:;<>\\{}".indexOf(c) >= 0) {
        b.append('\\').append(c == '\\' ? "\\" : Integer.toHexString(c));
        if (c != '\\'
            && (i + 1 == s.length()
                || Character.digit(s.charAt(i + 1), 16) >= 0
                || s.charAt(i + 1) <= ' ')) {
          b.append(' ');
        }
      } else {
        b.append(c);
      }
    }
    return b.toString();
  }

  private static boolean isUnreserved(char c) {
    return (c >= 'a' && c <= 'z')
        || (c >= 'A' && c <= 'Z')
        || (c >= '0' && c <= '9')
        || c == '-'
        || c == '_'
        || c == '.'
        || c == '~';
  }

  /** Returns whether a URL's scheme is harmless: none, http, https or mailto. */
  static boolean isSafeUrl(String s) {
    int colon = s.indexOf(':');
    if (colon < 0 || s.substring(0, colon).indexOf('/') >= 0) {
      return true;
    }
    String scheme = s.substring(0, colon).toLowerCase(java.util.Locale.ROOT);
    return scheme.equals("http") || scheme.equals("https") || scheme.equals("mailto");
  }

  /** Returns whether HTML takes a character for a space. */
  static boolean isSpace(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
  }
}
