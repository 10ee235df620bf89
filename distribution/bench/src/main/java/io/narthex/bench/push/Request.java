package io.narthex.bench.push;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * A request, as it is sent to both servers.
 *
 * @param kind what it tries, in a word or two
 * @param path as on the wire, so it may be no valid URI
 */
public record Request(
    String kind, String method, String path, Map<String, String> headers, byte[] body) {
  private static final int LAST_PRINTED = 0x7e;

  /** Copies the headers. */
  public Request {
    headers = new LinkedHashMap<>(headers);
  }

  /** Returns whether it is a push, neither a deletion nor a query. */
  boolean push() {
    return method.equals("PUT") || method.equals("POST");
  }

  /** Returns the head with what both servers need. */
  byte[] head() {
    StringBuilder head =
        new StringBuilder(method + ' ' + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\n");
    headers.forEach((name, value) -> head.append(name).append(": ").append(value).append("\r\n"));
    if (push()) {
      head.append("Content-Length: ").append(body.length).append("\r\n");
    }
    return head.append("Connection: close\r\n\r\n")
        .toString()
        .getBytes(StandardCharsets.ISO_8859_1);
  }

  /** Returns everything about it; each byte of the body that is no plain character is escaped. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder(kind + ": " + method + ' ' + path);
    headers.forEach((name, value) -> text.append(", ").append(name).append(": ").append(value));
    text.append(", ").append(body.length).append(" bytes: ").append(printed(body));
    return text.toString();
  }

  /** Returns bytes as printable text. */
  public static String printed(byte[] bytes) {
    StringBuilder text = new StringBuilder("\"");
    for (byte each : bytes) {
      int b = each & 0xff;
      switch (b) {
        case '\n' -> text.append("\\n");
        case '\\' -> text.append("\\\\");
        case '"' -> text.append("\\\"");
        default -> {
          if (b >= ' ' && b <= LAST_PRINTED) {
            text.append((char) b);
          } else {
            text.append(String.format(Locale.ROOT, "\\x%02x", b));
          }
        }
      }
    }
    return text.append('"').toString();
  }
}
