package io.narthex.http;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Enumeration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.eclipse.jetty.http.BadMessageException;
import org.jspecify.annotations.Nullable;

/**
 * A request with its parameters, read in linear time: the container copies all values of a name for
 * each further one. Those of the query string come first.
 */
final class FormRequest extends HttpServletRequestWrapper {
  /** Go's limit, for query string and body each. */
  private static final int MAX_PARAMETERS = 10_000;

  private final Map<String, String[]> parameters = new LinkedHashMap<>();

  /**
   * Reads query string and body.
   *
   * @param maxBytes limit of the body; 0 when it is not a form
   * @throws BadMessageException when either cannot be read, or the body is longer than allowed
   */
  FormRequest(HttpServletRequest request, int maxBytes) throws IOException {
    super(request);
    Map<String, List<String>> lists = new LinkedHashMap<>();
    String query = request.getQueryString();
    if (query != null) {
      byte[] bytes = query.getBytes(StandardCharsets.UTF_8);
      read(bytes, bytes.length, lists);
    }
    if (maxBytes > 0) {
      if (request.getContentLengthLong() > maxBytes) {
        throw new BadMessageException("http: POST too large");
      }
      byte[] body = request.getInputStream().readNBytes(maxBytes + 1);
      if (body.length > maxBytes) {
        throw new BadMessageException("http: POST too large");
      }
      read(body, body.length, lists);
    }
    lists.forEach((name, values) -> parameters.put(name, values.toArray(String[]::new)));
  }

  private static void read(byte[] form, int end, Map<String, List<String>> to) {
    int parameters = 1;
    for (int i = 0; i < end; i++) {
      if (form[i] == '&' && ++parameters > MAX_PARAMETERS) {
        throw new BadMessageException("number of URL query parameters exceeded limit");
      }
    }
    for (int from = 0; from < end; ) {
      int equals = -1;
      int at = from;
      for (; at < end && form[at] != '&'; at++) {
        if (form[at] == '=' && equals < 0) {
          equals = at;
        }
      }
      if (at > from) {
        String name = decode(form, from, equals < 0 ? at : equals);
        String value = equals < 0 ? "" : decode(form, equals + 1, at);
        to.computeIfAbsent(name, n -> new ArrayList<>(1)).add(value);
      }
      from = at + 1;
    }
  }

  private static String decode(byte[] form, int from, int to) {
    byte[] out = new byte[to - from];
    int n = 0;
    for (int i = from; i < to; i++) {
      byte b = form[i] == '+' ? (byte) ' ' : form[i];
      if (b == '%') {
        int high = i + 2 < to ? Character.digit(form[i + 1], 16) : -1;
        int low = i + 2 < to ? Character.digit(form[i + 2], 16) : -1;
        if (high < 0 || low < 0) {
          String escape = new String(form, i, Math.min(3, to - i), StandardCharsets.ISO_8859_1);
          throw new BadMessageException("invalid URL escape \"" + escape + "\"");
        }
        b = (byte) (high << 4 | low);
        i += 2;
      }
      out[n++] = b;
    }
    String text = new String(out, 0, n, StandardCharsets.UTF_8);
    if (text.indexOf('\ufffd') >= 0
        && !Arrays.equals(text.getBytes(StandardCharsets.UTF_8), Arrays.copyOf(out, n))) {
      throw new BadMessageException("invalid UTF-8 in a form");
    }
    return text;
  }

  @Override
  public @Nullable String getParameter(String name) {
    String[] values = parameters.get(name);
    return values == null ? null : values[0];
  }

  @Override
  public Map<String, String[]> getParameterMap() {
    return Collections.unmodifiableMap(parameters);
  }

  @Override
  public Enumeration<String> getParameterNames() {
    return Collections.enumeration(parameters.keySet());
  }

  @Override
  public String @Nullable [] getParameterValues(String name) {
    String[] values = parameters.get(name);
    return values == null ? null : Arrays.copyOf(values, values.length);
  }
}
