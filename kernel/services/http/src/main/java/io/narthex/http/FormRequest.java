package io.narthex.http;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Enumeration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.eclipse.jetty.http.BadMessageException;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.MultiPart;
import org.eclipse.jetty.io.Content;
import org.jspecify.annotations.Nullable;

/**
 * A request with its parameters, read in linear time: the container copies all values of a name for
 * each further one. The order is Go's: those of a form come before those of the query string, those
 * of a form in parts after them.
 */
final class FormRequest extends HttpServletRequestWrapper {
  /** Go's limit, for query string and body each. */
  private static final int MAX_PARAMETERS = 10_000;

  /** Go's limit of a form in parts. */
  private static final int MAX_PARTS = 1000;

  /** How a body holds parameters. */
  enum Kind {
    /** Not at all. */
    NONE,
    /** {@code application/x-www-form-urlencoded}. */
    ENCODED,
    /** {@code multipart/form-data}. */
    PARTS
  }

  private final Map<String, String[]> parameters = new LinkedHashMap<>();

  /** Returns how the body of a request holds parameters; other methods than these have none. */
  static Kind kind(HttpServletRequest request) {
    String type = request.getContentType();
    if (type == null || !List.of("POST", "PUT", "PATCH").contains(request.getMethod())) {
      return Kind.NONE;
    }
    return switch (type.split(";", 2)[0].strip().toLowerCase(Locale.ROOT)) {
      case "application/x-www-form-urlencoded" -> Kind.ENCODED;
      case "multipart/form-data" -> Kind.PARTS;
      default -> Kind.NONE;
    };
  }

  /**
   * Reads query string and body.
   *
   * @param maxBytes limit of the body
   * @throws BadMessageException when either cannot be read, or the body is longer than allowed
   */
  FormRequest(HttpServletRequest request, Kind kind, int maxBytes) throws IOException {
    super(request);
    Map<String, List<String>> lists = new LinkedHashMap<>();
    byte[] body = kind == Kind.NONE ? new byte[0] : body(request, maxBytes);
    if (kind == Kind.ENCODED) {
      read(body, body.length, lists);
    }
    String query = request.getQueryString();
    if (query != null) {
      byte[] bytes = query.getBytes(StandardCharsets.UTF_8);
      read(bytes, bytes.length, lists);
    }
    if (kind == Kind.PARTS) {
      parts(request.getContentType(), body)
          .forEach((name, values) ->
              lists.computeIfAbsent(name, n -> new ArrayList<>(1)).addAll(values));
    }
    lists.forEach((name, values) -> parameters.put(name, values.toArray(String[]::new)));
  }

  private static byte[] body(HttpServletRequest request, int maxBytes) throws IOException {
    if (request.getContentLengthLong() > maxBytes) {
      throw new BadMessageException("http: POST too large");
    }
    byte[] body = request.getInputStream().readNBytes(maxBytes + 1);
    if (body.length > maxBytes) {
      throw new BadMessageException("http: POST too large");
    }
    return body;
  }

  /**
   * Returns the values of a form in parts; none when it is not one, as the original answers as if
   * there were no body then. Parts that are files are left out.
   */
  private static Map<String, List<String>> parts(String type, byte[] body) {
    Map<String, String> attributes = new HashMap<>();
    HttpField.getValueParameters(type, attributes);
    String boundary = attributes.get("boundary");
    if (boundary == null || boundary.isEmpty()) {
      return Map.of();
    }
    PartValues values = new PartValues();
    MultiPart.Parser parser = new MultiPart.Parser(boundary, values);
    parser.setMaxParts(MAX_PARTS);
    parser.parse(Content.Chunk.from(ByteBuffer.wrap(body), true));
    return values.complete ? values.lists : Map.of();
  }

  /** Collects the values of parts. */
  private static final class PartValues implements MultiPart.Parser.Listener {
    final Map<String, List<String>> lists = new LinkedHashMap<>();
    boolean complete;
    private @Nullable String name;
    private final ByteArrayOutputStream value = new ByteArrayOutputStream();

    @Override
    public void onPartBegin() {
      name = null;
      value.reset();
    }

    @Override
    public void onPartHeader(String header, String text) {
      if (header.equalsIgnoreCase("Content-Disposition")) {
        Map<String, String> attributes = new HashMap<>();
        boolean value = "form-data".equals(HttpField.getValueParameters(text, attributes));
        name = value && !attributes.containsKey("filename") ? attributes.get("name") : null;
      }
    }

    @Override
    public void onPartContent(Content.Chunk chunk) {
      ByteBuffer bytes = chunk.getByteBuffer();
      while (bytes.hasRemaining()) {
        value.write(bytes.get());
      }
    }

    @Override
    public void onPartEnd() {
      if (name != null) {
        byte[] bytes = value.toByteArray();
        lists.computeIfAbsent(name, n -> new ArrayList<>(1)).add(text(bytes, bytes.length));
      }
    }

    @Override
    public void onComplete() {
      complete = true;
    }
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
    return text(out, n);
  }

  private static String text(byte[] out, int n) {
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
