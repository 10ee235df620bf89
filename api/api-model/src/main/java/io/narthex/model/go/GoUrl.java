package io.narthex.model.go;

import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A URL as Go's net/url reads and writes it, which is what configuration files of this field
 * contain. {@link java.net.URI} refuses many of them: hosts with underscores ({@code
 * node_exporter:9100}), hosts whose last label begins with a digit ({@code web.1}), names outside
 * ASCII, zones of IPv6 addresses, blanks in paths. Immutable.
 *
 * <p>The reference is url.go of Go 1.25: what it accepts is accepted, with the same parts and the
 * same text; the texts of refusals are equal. One departure: a part that is not UTF-8 after its
 * escapes are decoded is shown with U+FFFD by {@link #path()}, {@link #user()} and {@link
 * #hostname()}; the escaped forms keep every byte.
 */
public final class GoUrl {
  private static final String HEX = "0123456789ABCDEF";
  private static final String IN_HOSTS = "!$&'()*+,;=:[]<>\"";
  private static final String UNRESERVED = "-_.~";
  private static final String RESERVED = "$&+,/:;=?@";
  private static final String IN_ENCODED = "!$&'()*+,;=:@[]%";
  private static final String IN_USERS = "-._:~!$&'()*+,;=%@";

  private enum Part {
    PATH,
    USER,
    HOST,
    ZONE,
    QUERY,
    FRAGMENT
  }

  /** A text is no URL. */
  public static final class InvalidUrlException extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    /** What is wrong, without the URL, which may contain a password. */
    private final String reason;

    InvalidUrlException(String url, String reason) {
      super("parse " + GoString.quote(url) + ": " + reason);
      this.reason = reason;
    }

    /** Returns what is wrong, without the URL, which may contain a password. */
    public String reason() {
      return reason;
    }
  }

  /** A part is malformed; the caller knows the whole text. */
  private static final class Malformed extends Exception {
    private static final long serialVersionUID = 1L;

    Malformed(String reason) {
      super(reason);
    }

    String reason() {
      return String.valueOf(getMessage());
    }
  }

  private record Authority(@Nullable String user, @Nullable String password, String host) {}

  private final String scheme;
  private final String opaque;
  private final @Nullable String user;
  private final @Nullable String password;
  private final String host;
  private final boolean omitsHost;
  private final String escapedPath;
  private final boolean forcesQuery;
  private final String query;
  private final String escapedFragment;
  private final String text;

  private GoUrl(
      String scheme,
      String opaque,
      Authority authority,
      boolean omitsHost,
      String escapedPath,
      boolean forcesQuery,
      String query,
      String escapedFragment) {
    this.scheme = scheme;
    this.opaque = opaque;
    this.user = authority.user;
    this.password = authority.password;
    this.host = authority.host;
    this.omitsHost = omitsHost;
    this.escapedPath = escapedPath;
    this.forcesQuery = forcesQuery;
    this.query = query;
    this.escapedFragment = escapedFragment;
    this.text = print(password);
  }

  /**
   * Reads a URL, absolute or relative, as {@code url.Parse}.
   *
   * @throws InvalidUrlException when the text is none
   */
  public static GoUrl parse(String text) {
    int hash = text.indexOf('#');
    String before = hash < 0 ? text : text.substring(0, hash);
    try {
      String fragment = "";
      if (hash >= 0) {
        String raw = text.substring(hash + 1);
        byte[] decoded = unescape(raw, Part.FRAGMENT);
        fragment = isEncoded(raw, Part.FRAGMENT) ? raw : escape(decoded, Part.FRAGMENT);
      }
      return parse(before, false, fragment);
    } catch (Malformed e) {
      throw new InvalidUrlException(before, e.reason());
    }
  }

  /**
   * Reads an absolute URL or an absolute path without fragment, as {@code url.ParseRequestURI}.
   *
   * @throws InvalidUrlException when the text is none
   */
  public static GoUrl parseRequest(String text) {
    try {
      return parse(text, true, "");
    } catch (Malformed e) {
      throw new InvalidUrlException(text, e.reason());
    }
  }

  /**
   * Reads the URL of a server: absolute, http or https, with a host.
   *
   * @throws InvalidUrlException when the text is none, with Alertmanager's words
   */
  public static GoUrl parseHttp(String text) {
    GoUrl url = parse(text);
    if (!url.scheme.equals("http") && !url.scheme.equals("https")) {
      throw new InvalidUrlException(
          text, "unsupported scheme " + GoString.quote(url.scheme) + " for URL");
    }
    if (url.host.isEmpty()) {
      throw new InvalidUrlException(text, "missing host for URL");
    }
    return url;
  }

  /**
   * Returns the URL of a request to a host, as Go prints one that is made of its parts: {@code
   * path} is escaped, so that {@code /100%} becomes {@code /100%25}.
   *
   * @param host with its port, as in an {@code __address__} label
   * @param path not escaped; a slash is put before it when it has none
   * @param query escaped, without question mark; empty for none
   */
  public static String join(String scheme, String host, String path, String query) {
    StringBuilder b = new StringBuilder(scheme.length() + host.length() + path.length() + 8);
    if (!scheme.isEmpty()) {
      b.append(scheme).append(':');
    }
    b.append("//").append(escape(bytes(host), Part.HOST));
    if (!path.startsWith("/") && !path.isEmpty() && !host.isEmpty()) {
      b.append('/');
    }
    b.append(escape(bytes(path), Part.PATH));
    if (!query.isEmpty()) {
      b.append('?').append(query);
    }
    return b.toString();
  }

  /** Returns a text as a name or value of a query, as {@code url.QueryEscape}. */
  public static String escapeQuery(String text) {
    return escape(bytes(text), Part.QUERY);
  }

  private static GoUrl parse(String raw, boolean request, String fragment) throws Malformed {
    for (int i = 0; i < raw.length(); i++) {
      if (raw.charAt(i) < ' ' || raw.charAt(i) == 0x7f) {
        throw new Malformed("net/url: invalid control character in URL");
      }
    }
    Authority none = new Authority(null, null, "");
    if (raw.isEmpty() && request) {
      throw new Malformed("empty url");
    }
    if (raw.equals("*")) {
      return new GoUrl("", "", none, false, "*", false, "", fragment);
    }
    int colon = schemeEnd(raw);
    String scheme = colon < 0 ? "" : raw.substring(0, colon).toLowerCase(Locale.ROOT);
    String rest = raw.substring(colon + 1);
    int mark = rest.indexOf('?');
    boolean force = mark >= 0 && mark == rest.length() - 1;
    String query = mark < 0 ? "" : rest.substring(mark + 1);
    if (mark >= 0) {
      rest = rest.substring(0, mark);
    }
    if (!rest.startsWith("/")) {
      if (!scheme.isEmpty()) {
        return new GoUrl(scheme, rest, none, false, "", force, query, fragment);
      }
      if (request) {
        throw new Malformed("invalid URI for request");
      }
      int slash = rest.indexOf('/');
      if ((slash < 0 ? rest : rest.substring(0, slash)).indexOf(':') >= 0) {
        throw new Malformed("first path segment in URL cannot contain colon");
      }
    }
    Authority authority = none;
    boolean omits = false;
    if ((!scheme.isEmpty() || !request && !rest.startsWith("///")) && rest.startsWith("//")) {
      int slash = rest.indexOf('/', 2);
      authority = authority(slash < 0 ? rest.substring(2) : rest.substring(2, slash));
      rest = slash < 0 ? "" : rest.substring(slash);
    } else if (!scheme.isEmpty() && rest.startsWith("/")) {
      omits = true;
    }
    return new GoUrl(scheme, "", authority, omits, path(rest), force, query, fragment);
  }

  /** Returns the escaped form that is kept of a path. */
  private static String path(String raw) throws Malformed {
    byte[] decoded = unescape(raw, Part.PATH);
    return isEncoded(raw, Part.PATH) ? raw : escape(decoded, Part.PATH);
  }

  /** Returns where the scheme ends, or -1 without one. */
  private static int schemeEnd(String text) throws Malformed {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == ':') {
        if (i == 0) {
          throw new Malformed("missing protocol scheme");
        }
        return i;
      }
      boolean letter = (c | 32) >= 'a' && (c | 32) <= 'z' && c < 0x80;
      boolean other = c >= '0' && c <= '9' || c == '+' || c == '-' || c == '.';
      if (!letter && !(other && i > 0)) {
        return -1;
      }
    }
    return -1;
  }

  private static Authority authority(String text) throws Malformed {
    int at = text.lastIndexOf('@');
    String host = host(text.substring(at + 1));
    if (at < 0) {
      return new Authority(null, null, host);
    }
    String info = text.substring(0, at);
    for (int i = 0; i < info.length(); i++) {
      if (!isAlphanumeric(info.charAt(i)) && IN_USERS.indexOf(info.charAt(i)) < 0) {
        throw new Malformed("net/url: invalid userinfo");
      }
    }
    int colon = info.indexOf(':');
    String user = string(unescape(colon < 0 ? info : info.substring(0, colon), Part.USER));
    String password = colon < 0 ? null : string(unescape(info.substring(colon + 1), Part.USER));
    return new Authority(user, password, host);
  }

  private static String host(String text) throws Malformed {
    if (text.startsWith("[")) {
      int end = text.lastIndexOf(']');
      if (end < 0) {
        throw new Malformed("missing ']' in host");
      }
      checkPort(text.substring(end + 1));
      int zone = text.substring(0, end).indexOf("%25");
      if (zone >= 0) {
        return string(unescape(text.substring(0, zone), Part.HOST))
            + string(unescape(text.substring(zone, end), Part.ZONE))
            + string(unescape(text.substring(end), Part.HOST));
      }
    } else {
      int colon = text.lastIndexOf(':');
      if (colon >= 0) {
        checkPort(text.substring(colon));
      }
    }
    return string(unescape(text, Part.HOST));
  }

  private static void checkPort(String text) throws Malformed {
    if (!isOptionalPort(text)) {
      throw new Malformed("invalid port " + GoString.quote(text) + " after host");
    }
  }

  /** Returns whether a text is empty, or a colon with any number of digits. */
  private static boolean isOptionalPort(String text) {
    if (text.isEmpty()) {
      return true;
    }
    if (text.charAt(0) != ':') {
      return false;
    }
    for (int i = 1; i < text.length(); i++) {
      if (text.charAt(i) < '0' || text.charAt(i) > '9') {
        return false;
      }
    }
    return true;
  }

  // ---- parts -----------------------------------------------------------------------------------

  /** Returns the scheme in small letters, without colon; empty when there is none. */
  public String scheme() {
    return scheme;
  }

  /** Returns what follows the scheme where no slash does, such as {@code a@b} of mailto:a@b. */
  public String opaque() {
    return opaque;
  }

  /** Returns the decoded user name, or null without one. */
  public @Nullable String user() {
    return user;
  }

  /** Returns the decoded password, or null without one. */
  public @Nullable String password() {
    return password;
  }

  /** Returns host and port as they are in the URL, decoded; empty when there is none. */
  public String host() {
    return host;
  }

  /** Returns the host without port and without the brackets of an IPv6 address. */
  public String hostname() {
    int end = host.length() - port().length();
    String name = end > 0 && hasPort() ? host.substring(0, end - 1) : host.substring(0, end);
    return name.startsWith("[") && name.endsWith("]") ? name.substring(1, name.length() - 1) : name;
  }

  private boolean hasPort() {
    int colon = host.lastIndexOf(':');
    return colon >= 0 && isOptionalPort(host.substring(colon));
  }

  /** Returns the digits of the port; empty when there is none. */
  public String port() {
    return hasPort() ? host.substring(host.lastIndexOf(':') + 1) : "";
  }

  /**
   * Returns the port to connect to: that of the URL, otherwise the scheme's.
   *
   * @return from 0 to 65535; -1 when the URL has a larger one or the scheme has none
   */
  public int portNumber() {
    String digits = port();
    if (digits.isEmpty()) {
      return switch (scheme) {
        case "http" -> 80;
        case "https" -> 443;
        case "socks5", "socks5h" -> 1080;
        default -> -1;
      };
    }
    int start = 0;
    while (start < digits.length() - 1 && digits.charAt(start) == '0') {
      start++;
    }
    if (digits.length() - start > 5) {
      return -1;
    }
    int port = Integer.parseInt(digits.substring(start));
    return port > 65535 ? -1 : port;
  }

  /** Returns the path, decoded. */
  public String path() {
    try {
      return string(unescape(escapedPath, Part.PATH));
    } catch (Malformed e) {
      throw new AssertionError(e);
    }
  }

  /** Returns the path, escaped. */
  public String escapedPath() {
    return escapedPath;
  }

  /** Returns the query as it is in the URL, without question mark; empty when there is none. */
  public String query() {
    return query;
  }

  /**
   * Returns what a request line of HTTP/1.1 names: path and query, escaped. Characters that would
   * end the line or are outside ASCII are escaped in the query too; Go sends those as they are.
   */
  public String requestTarget() {
    StringBuilder b = new StringBuilder(escapedPath.length() + query.length() + 1);
    if (!opaque.isEmpty()) {
      b.append(opaque);
    } else {
      b.append(escapedPath.isEmpty() ? "/" : escapedPath);
    }
    if (forcesQuery || !query.isEmpty()) {
      b.append('?');
      for (byte one : bytes(query)) {
        if (one > ' ' && one < 0x7f) {
          b.append((char) one);
        } else {
          escape(one, b);
        }
      }
    }
    return b.toString();
  }

  /**
   * Returns the URL that a reference in a document with this URL leads to, as {@code
   * URL.ResolveReference}.
   *
   * @throws InvalidUrlException when the reference is no URL
   */
  public GoUrl resolve(String reference) {
    GoUrl ref = parse(reference);
    String newScheme = ref.scheme.isEmpty() ? scheme : ref.scheme;
    Authority theirs = new Authority(ref.user, ref.password, ref.host);
    if (!ref.scheme.isEmpty() || !ref.host.isEmpty() || ref.user != null) {
      return new GoUrl(
          newScheme,
          ref.opaque,
          theirs,
          ref.omitsHost,
          withoutDots(ref.escapedPath),
          ref.forcesQuery,
          ref.query,
          ref.escapedFragment);
    }
    boolean empty = ref.escapedPath.isEmpty() && !ref.forcesQuery && ref.query.isEmpty();
    String full;
    if (ref.escapedPath.isEmpty()) {
      full = escapedPath;
    } else if (ref.escapedPath.startsWith("/")) {
      full = ref.escapedPath;
    } else {
      full = escapedPath.substring(0, escapedPath.lastIndexOf('/') + 1) + ref.escapedPath;
    }
    return new GoUrl(
        newScheme,
        ref.escapedPath.isEmpty() ? opaque : "",
        new Authority(user, password, host),
        omitsHost,
        withoutDots(full),
        ref.forcesQuery,
        empty ? query : ref.query,
        empty && ref.escapedFragment.isEmpty() ? escapedFragment : ref.escapedFragment);
  }

  /** Returns an absolute path in which no segment is {@code .} or {@code ..}. */
  private static String withoutDots(String path) {
    if (path.isEmpty()) {
      return "";
    }
    Deque<String> kept = new ArrayDeque<>();
    String[] segments = path.split("/", -1);
    boolean folder = false;
    for (int i = path.startsWith("/") ? 1 : 0; i < segments.length; i++) {
      String segment = segments[i];
      folder = segment.equals(".") || segment.equals("..");
      if (segment.equals("..")) {
        kept.pollLast();
      } else if (!segment.equals(".")) {
        kept.addLast(segment);
      }
    }
    return "/" + String.join("/", kept) + (folder && !kept.isEmpty() ? "/" : "");
  }

  /** Returns the URL with its password, if any, as {@code xxxxx}. */
  public String redacted() {
    return password == null ? text : print("xxxxx");
  }

  /** Returns the URL as Go prints it, with its password. */
  @Override
  public String toString() {
    return text;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof GoUrl url && url.text.equals(text);
  }

  @Override
  public int hashCode() {
    return text.hashCode();
  }

  private String print(@Nullable String shownPassword) {
    StringBuilder b = new StringBuilder();
    if (!scheme.isEmpty()) {
      b.append(scheme).append(':');
    }
    if (!opaque.isEmpty()) {
      b.append(opaque);
    } else {
      boolean authority = !host.isEmpty() || user != null;
      if (authority || !scheme.isEmpty() && !omitsHost && !escapedPath.isEmpty()) {
        b.append("//");
      }
      if (user != null) {
        b.append(escape(bytes(user), Part.USER));
        if (shownPassword != null) {
          b.append(':').append(escape(bytes(shownPassword), Part.USER));
        }
        b.append('@');
      }
      b.append(escape(bytes(host), Part.HOST));
      if (!escapedPath.isEmpty() && !escapedPath.startsWith("/") && !host.isEmpty()) {
        b.append('/');
      }
      int slash = escapedPath.indexOf('/');
      if (b.isEmpty()
          && (slash < 0 ? escapedPath : escapedPath.substring(0, slash)).indexOf(':') >= 0) {
        b.append("./");
      }
      b.append(escapedPath);
    }
    if (forcesQuery || !query.isEmpty()) {
      b.append('?').append(query);
    }
    if (!escapedFragment.isEmpty()) {
      b.append('#').append(escapedFragment);
    }
    return b.toString();
  }

  // ---- escapes ---------------------------------------------------------------------------------

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static String string(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private static boolean isAlphanumeric(int c) {
    return c >= '0' && c <= '9' || (c | 32) >= 'a' && (c | 32) <= 'z' && c < 0x80;
  }

  private static boolean isEscapedIn(int c, Part part) {
    if (isAlphanumeric(c)) {
      return false;
    }
    if ((part == Part.HOST || part == Part.ZONE) && IN_HOSTS.indexOf(c) >= 0) {
      return false;
    }
    if (UNRESERVED.indexOf(c) >= 0) {
      return false;
    }
    if (RESERVED.indexOf(c) >= 0) {
      return switch (part) {
        case PATH -> c == '?';
        case USER -> c == '@' || c == '/' || c == '?' || c == ':';
        case QUERY, HOST, ZONE -> true;
        case FRAGMENT -> false;
      };
    }
    return part != Part.FRAGMENT || "!()*".indexOf(c) < 0;
  }

  /** Returns whether a text has only characters that need no escape, and escapes. */
  private static boolean isEncoded(String text, Part part) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (IN_ENCODED.indexOf(c) < 0 && isEscapedIn(c, part)) {
        return false;
      }
    }
    return true;
  }

  private static String escape(byte[] text, Part part) {
    StringBuilder b = new StringBuilder(text.length);
    for (byte one : text) {
      int c = one & 0xff;
      if (c == ' ' && part == Part.QUERY) {
        b.append('+');
      } else if (isEscapedIn(c, part)) {
        escape(one, b);
      } else {
        b.append((char) c);
      }
    }
    return b.toString();
  }

  private static void escape(byte one, StringBuilder b) {
    b.append('%').append(HEX.charAt((one & 0xff) >> 4)).append(HEX.charAt(one & 15));
  }

  private static byte[] unescape(String text, Part part) throws Malformed {
    byte[] in = bytes(text);
    byte[] out = new byte[in.length];
    int n = 0;
    for (int i = 0; i < in.length; i++) {
      byte one = in[i];
      if (one == '%') {
        int high = i + 2 < in.length ? Character.digit(in[i + 1], 16) : -1;
        int low = i + 2 < in.length ? Character.digit(in[i + 2], 16) : -1;
        String escape = new String(in, i, Math.min(3, in.length - i), StandardCharsets.UTF_8);
        boolean whole = high >= 0 && low >= 0;
        int value = high << 4 | low;
        boolean allowed =
            escape.equals("%25")
                || switch (part) {
                  case HOST -> high >= 8;
                  case ZONE -> value == ' ' || !isEscapedIn(value, Part.HOST);
                  case PATH, USER, QUERY, FRAGMENT -> true;
                };
        if (!whole || !allowed) {
          throw new Malformed("invalid URL escape " + GoString.quote(escape));
        }
        out[n++] = (byte) value;
        i += 2;
        continue;
      }
      if ((part == Part.HOST || part == Part.ZONE) && one >= 0 && isEscapedIn(one, part)) {
        throw new Malformed(
            "invalid character " + GoString.quote(String.valueOf((char) one)) + " in host name");
      }
      out[n++] = part == Part.QUERY && one == '+' ? (byte) ' ' : one;
    }
    return Arrays.copyOf(out, n);
  }
}
