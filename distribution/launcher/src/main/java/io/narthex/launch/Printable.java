package io.narthex.launch;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/** Makes foreign strings safe for a terminal or log by escaping control characters. */
final class Printable {
  private Printable() {}

  /** Appends a string with quotes, backslashes and unprintable characters escaped as in JSON. */
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

  /** Returns a stream that escapes control characters except line ends and tabs. */
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

  /**
   * Returns whether a character is printable: not a control or format character, line separator or
   * lone surrogate.
   */
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
