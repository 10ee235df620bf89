package io.narthex.launch;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/** Texts of others on a terminal or in a log: no control character comes through. */
final class Printable {
  private Printable() {}

  /** Appends a text with quotes, backslashes and what is not printable escaped as in JSON. */
  static void escape(String text, StringBuilder b) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '"' -> b.append("\\\"");
        case '\\' -> b.append("\\\\");
        case '\n' -> b.append("\\n");
        case '\r' -> b.append("\\r");
        case '\t' -> b.append("\\t");
        default -> {
          if (isPlain(text, i)) {
            b.append(c);
          } else {
            b.append(code(c));
          }
        }
      }
    }
  }

  /**
   * Returns a stream that shows control characters instead of sending them; line ends and tabs
   * pass.
   */
  static PrintStream guarded(OutputStream to) {
    return new PrintStream(
        new OutputStream() {
          private boolean maybeC1; // 0xc2 has come: with 80 to 9f it is a control character

          @Override
          public void write(int b) throws IOException {
            int c = b & 0xff;
            if (maybeC1) {
              maybeC1 = false;
              if (c >= 0x80 && c < 0xa0) {
                to.write(code((char) c).getBytes(StandardCharsets.US_ASCII));
                return;
              }
              to.write(0xc2);
            }
            if (c == 0xc2) {
              maybeC1 = true;
            } else if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f) {
              to.write(code((char) c).getBytes(StandardCharsets.US_ASCII));
            } else {
              to.write(c);
            }
          }

          @Override
          public void flush() throws IOException {
            to.flush();
          }
        },
        true,
        StandardCharsets.UTF_8);
  }

  private static String code(char c) {
    return String.format(Locale.ROOT, "\\u%04x", (int) c);
  }

  /** Control and format characters, the two line separators and lone surrogates are not. */
  private static boolean isPlain(String text, int i) {
    char c = text.charAt(i);
    if (Character.isHighSurrogate(c)) {
      return i + 1 < text.length() && Character.isLowSurrogate(text.charAt(i + 1));
    }
    if (Character.isLowSurrogate(c)) {
      return i > 0 && Character.isHighSurrogate(text.charAt(i - 1));
    }
    return switch (Character.getType(c)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR,
          Character.UNASSIGNED ->
          false;
      default -> true;
    };
  }
}
