package io.narthex.launch;

import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/**
 * Prints strings of a server with control and bidirectional formatting characters escaped. Line
 * breaks and tabs stay.
 */
final class SafeOutput extends PrintStream {
  SafeOutput(PrintStream to) {
    super(to, true, StandardCharsets.UTF_8);
  }

  @Override
  public void print(String text) {
    super.print(escaped(text));
  }

  private static boolean isSafe(char c) {
    return c == '\n'
        || c == '\t'
        || c >= ' '
            && (c < 0x7f || c > 0x9f)
            && (c < 0x200e || c > 0x200f)
            && (c < 0x2028 || c > 0x202e)
            && (c < 0x2066 || c > 0x2069);
  }

  static String escaped(String text) {
    StringBuilder b = null;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (isSafe(c)) {
        if (b != null) {
          b.append(c);
        }
      } else {
        if (b == null) {
          b = new StringBuilder(text.length() + 16).append(text, 0, i);
        }
        b.append(String.format(java.util.Locale.ROOT, "\\u%04x", (int) c));
      }
    }
    return b == null ? text : b.toString();
  }

  /** Returns a string for one line of a table. */
  static String line(String text) {
    return text.replace("\n", "\\n").replace("\t", "\\t");
  }
}
