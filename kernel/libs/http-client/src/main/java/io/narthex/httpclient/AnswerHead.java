package io.narthex.httpclient;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.eclipse.jetty.http.BadMessageException;

/**
 * Collects the head of an answer and writes what Go's net/http takes beyond the standard in the
 * standard's form, for a parser that takes nothing else: folded lines, versions to come, names with
 * a blank, of which nobody asks, lengths that are empty, given twice or before a chunked body. What
 * Go refuses stays as it is. Confined to one thread.
 */
final class AnswerHead {
  private static final Pattern VERSION = Pattern.compile("HTTP/([0-9])\\.[0-9] .*", Pattern.DOTALL);
  private static final String LENGTH = "content-length";

  private final int limit;
  private final ByteArrayOutputStream collected = new ByteArrayOutputStream(512);
  private boolean complete;
  private int newlines; // at the end of what is collected, carriage returns left out

  /**
   * Creates one.
   *
   * @param limit bytes after which the rest is given on as it is, for the parser to refuse
   */
  AnswerHead(int limit) {
    this.limit = limit;
  }

  /** Begins with the head of another answer, after one that was interim. */
  void restart() {
    collected.reset();
    complete = false;
    newlines = 0;
  }

  /**
   * Takes what has been read; returns nothing while the head is not complete, then the head with
   * what came behind it.
   *
   * @throws IOException when it is not that of an answer
   */
  ByteBuffer next(ByteBuffer read) throws IOException {
    if (complete) {
      return read;
    }
    while (read.hasRemaining() && newlines < 2 && collected.size() <= limit) {
      byte b = read.get();
      newlines = b == '\n' ? newlines + 1 : b == '\r' ? newlines : 0;
      collected.write(b);
    }
    if (newlines < 2 && collected.size() <= limit) {
      return read;
    }
    complete = true;
    byte[] head =
        newlines < 2
            ? collected.toByteArray()
            : clean(collected.toString(StandardCharsets.ISO_8859_1))
                .getBytes(StandardCharsets.ISO_8859_1);
    return ByteBuffer.allocate(head.length + read.remaining()).put(head).put(read).flip();
  }

  private static String clean(String text) throws IOException {
    if (!text.startsWith("HTTP/")) {
      throw new IOException("malformed", new BadMessageException(""));
    }
    List<String> lines = new ArrayList<>();
    for (String line : text.strip().split("\r?\n", -1)) {
      boolean folded = lines.size() > 1 && (line.startsWith(" ") || line.startsWith("\t"));
      if (folded) {
        lines.add(lines.removeLast() + " " + line.strip());
      } else {
        lines.add(line);
      }
    }
    boolean chunked =
        lines.stream().anyMatch(l -> l.matches("(?i)transfer-encoding:[ \\t]*chunked[ \\t]*"));
    StringBuilder out = new StringBuilder(text.length());
    out.append(version(lines.getFirst())).append("\r\n");
    String length = "";
    for (String line : lines.subList(1, lines.size())) {
      int colon = line.indexOf(':');
      String name = colon < 0 ? line : line.substring(0, colon);
      String value = line.substring(colon + 1).strip();
      boolean isLength = colon >= 0 && name.equalsIgnoreCase(LENGTH);
      boolean odd = colon > 0 && name.indexOf(' ') > 0;
      if (odd || isLength && (chunked || value.isEmpty() || value.equals(length))) {
        continue;
      }
      length = isLength ? value : length;
      out.append(line).append("\r\n");
    }
    return out.append("\r\n").toString();
  }

  private static String version(String line) {
    if (!VERSION.matcher(line + " ").matches() || line.startsWith("HTTP/1.0 ")) {
      return line;
    }
    return (line.charAt(5) == '0' ? "HTTP/1.0" : "HTTP/1.1") + line.substring("HTTP/1.1".length());
  }
}
