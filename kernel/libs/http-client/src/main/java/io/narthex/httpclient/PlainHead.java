package io.narthex.httpclient;

import io.narthex.model.go.GoUrl;
import java.nio.charset.StandardCharsets;
import java.util.EnumSet;
import java.util.Set;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http.HttpHeader;
import org.jspecify.annotations.Nullable;

/** Writes the head of a GET request over plain HTTP/1.1. */
final class PlainHead {
  /** Longer ones might not fit into the socket's buffer, and a write has no deadline. */
  private static final int MAX_LENGTH = 16 << 10;

  /** Fields that change how a connection is used; Jetty's client knows what they ask for. */
  private static final Set<HttpHeader> OF_CONNECTIONS =
      EnumSet.of(
          HttpHeader.CONNECTION,
          HttpHeader.CONTENT_LENGTH,
          HttpHeader.EXPECT,
          HttpHeader.TRANSFER_ENCODING,
          HttpHeader.UPGRADE);

  private PlainHead() {}

  /** Returns the head with its empty line, or null when it is not a usual one. */
  static byte @Nullable [] of(GoUrl url, HttpFields fields) {
    if (!url.scheme().equals("http")) {
      return null;
    }
    StringBuilder head = new StringBuilder(512).append("GET ");
    head.append(url.requestTarget());
    boolean usual = isUsual(head, 0);
    head.append(" HTTP/1.1\r\n");
    if (!fields.contains(HttpHeader.HOST)) {
      head.append("Host: ").append(HostNames.header(url)).append("\r\n");
    }
    for (HttpField field : fields) {
      int from = head.length();
      head.append(field.getName()).append(": ").append(field.getValue());
      usual &= !OF_CONNECTIONS.contains(field.getHeader()) && isUsual(head, from);
      head.append("\r\n");
    }
    head.append("\r\n");
    return usual && head.length() <= MAX_LENGTH
        ? head.toString().getBytes(StandardCharsets.US_ASCII)
        : null;
  }

  /** Returns whether a text has printable characters of ASCII only, so that no line ends in it. */
  private static boolean isUsual(StringBuilder text, int from) {
    for (int i = from; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c < ' ' || c > '~') {
        return false;
      }
    }
    return true;
  }
}
