package io.narthex.notifier.email;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;

/** Builds messages of the Internet: headers, multipart/alternative, quoted-printable. */
final class MailMessage {
  private static final int LINE = 76;
  private static final int ENCODED_WORD = 75;
  private static final String HEX = "0123456789ABCDEF";

  private MailMessage() {}

  /** A part of the body. */
  record Part(String type, String text) {}

  /** Returns the message with CRLF line ends. */
  static byte[] bytes(Map<String, String> headers, List<Part> parts) {
    byte[] random = new byte[30];
    ThreadLocalRandom.current().nextBytes(random);
    String boundary = HexFormat.of().formatHex(random);
    StringBuilder b = new StringBuilder();
    headers.forEach((n, v) -> b.append(n).append(": ").append(v).append("\r\n"));
    b.append("Content-Type: multipart/alternative;  boundary=").append(boundary).append("\r\n");
    b.append("MIME-Version: 1.0\r\n\r\n");
    for (Part p : parts) {
      b.append("--").append(boundary).append("\r\n");
      b.append("Content-Transfer-Encoding: quoted-printable\r\n");
      b.append("Content-Type: ").append(p.type()).append("; charset=UTF-8\r\n\r\n");
      quotedPrintable(b, p.text());
      b.append("\r\n");
    }
    b.append("--").append(boundary).append("--\r\n");
    return b.toString().getBytes(StandardCharsets.US_ASCII);
  }

  /** Returns a header's value, as encoded words when it is not plain ASCII. */
  static String encoded(String value) {
    String oneLine = value.replaceAll("[\\r\\n]+", " ");
    boolean plain = oneLine.chars().allMatch(c -> c == '\t' || (c >= 0x20 && c < 0x7f));
    if (plain) {
      return oneLine;
    }
    StringBuilder b = new StringBuilder();
    StringBuilder word = new StringBuilder("=?utf-8?q?");
    for (int i = 0; i < oneLine.length(); ) {
      int c = oneLine.codePointAt(i);
      i += Character.charCount(c);
      StringBuilder piece = new StringBuilder();
      for (byte x : Character.toString(c).getBytes(StandardCharsets.UTF_8)) {
        if (x == ' ') {
          piece.append('_');
        } else if (x > 0x20 && x < 0x7f && x != '=' && x != '?' && x != '_') {
          piece.append((char) x);
        } else {
          hex(piece, x);
        }
      }
      if (word.length() + piece.length() + 2 > ENCODED_WORD) {
        b.append(word).append("?=\r\n ");
        word.setLength(0);
        word.append("=?utf-8?q?");
      }
      word.append(piece);
    }
    return b.append(word).append("?=").toString();
  }

  private static void hex(StringBuilder b, byte x) {
    b.append('=').append(HEX.charAt((x >> 4) & 15)).append(HEX.charAt(x & 15));
  }

  /** Writes a text in quoted-printable form. */
  static void quotedPrintable(StringBuilder out, String text) {
    String[] lines = text.replace("\r\n", "\n").split("\n", -1);
    for (int i = 0; i < lines.length; i++) {
      if (i > 0) {
        out.append("\r\n");
      }
      byte[] bytes = lines[i].getBytes(StandardCharsets.UTF_8);
      int width = 0;
      for (int j = 0; j < bytes.length; j++) {
        byte x = bytes[j];
        boolean last = j == bytes.length - 1;
        boolean blank = x == ' ' || x == '\t';
        boolean literal = (x > 0x20 && x < 0x7f && x != '=') || (blank && !last);
        int need = literal ? 1 : 3;
        if (width + need > LINE - 1) {
          out.append("=\r\n");
          width = 0;
        }
        if (literal) {
          out.append((char) x);
        } else {
          hex(out, x);
        }
        width += need;
      }
    }
  }

  /**
   * Reads a list of addresses such as {@code Ops <ops@example.org>, me@example.org}.
   *
   * @return the bare addresses
   * @throws IllegalArgumentException when one is not an address
   */
  static List<String> addresses(String list) {
    List<String> out = new ArrayList<>();
    StringBuilder current = new StringBuilder();
    boolean quoted = false;
    for (char c : list.toCharArray()) {
      if (c == '"') {
        quoted = !quoted;
      }
      if (c == ',' && !quoted) {
        out.add(address(current.toString()));
        current.setLength(0);
      } else {
        current.append(c);
      }
    }
    out.add(address(current.toString()));
    return out;
  }

  private static String address(String text) {
    String t = text.strip();
    int open = t.lastIndexOf('<');
    String bare = open >= 0 && t.endsWith(">") ? t.substring(open + 1, t.length() - 1).strip() : t;
    int at = bare.lastIndexOf('@');
    boolean valid =
        at > 0
            && at < bare.length() - 1
            && bare.chars().noneMatch(c -> c <= 0x20 || c == '<' || c == '>' || c == 0x7f);
    if (!valid) {
      throw new IllegalArgumentException("not a mail address: \"" + t + "\"");
    }
    return bare;
  }
}
