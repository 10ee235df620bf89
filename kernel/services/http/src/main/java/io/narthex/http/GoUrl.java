package io.narthex.http;

import io.narthex.model.go.GoString;

/** Request URIs as Go accepts them, which is more than {@link java.net.URI} does. */
final class GoUrl {
  /** 0001-01-01T00:00:00Z, Go's zero time. */
  static final long ZERO_TIME_SECONDS = -62_135_596_800L;

  /** Most characters of a value in an error. */
  private static final int MAX_SHOWN = 1000;

  private static final String HOST_SIGNS = "-_.~!$&'()*+,;=:[]<>\"";
  private static final String USER_SIGNS = "-._:~!$&'()*+,;=%@";

  private GoUrl() {}

  /** Returns whether a text is an absolute URI or an absolute path. */
  static boolean isRequestUri(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (text.charAt(i) < ' ' || text.charAt(i) == 0x7f) {
        return false;
      }
    }
    if (text.isEmpty()) {
      return false;
    }
    if (text.equals("*")) {
      return true;
    }
    int colon = scheme(text);
    if (colon == 0) {
      return false;
    }
    String rest = colon < 0 ? text : text.substring(colon + 1);
    int query = rest.indexOf('?');
    if (query >= 0) {
      rest = rest.substring(0, query);
    }
    if (!rest.startsWith("/")) {
      return colon > 0;
    }
    if ((colon > 0 || !rest.startsWith("///")) && rest.startsWith("//")) {
      int slash = rest.indexOf('/', 2);
      String authority = slash < 0 ? rest.substring(2) : rest.substring(2, slash);
      if (!isAuthority(authority)) {
        return false;
      }
      rest = slash < 0 ? "" : rest.substring(slash);
    }
    return escapesAreWhole(rest, false);
  }

  /** Returns where the scheme ends, -1 without one, 0 when it is empty. */
  private static int scheme(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      boolean letter = (c | 32) >= 'a' && (c | 32) <= 'z';
      if (c == ':') {
        return i;
      }
      if (!letter && (i == 0 || !((c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.'))) {
        return -1;
      }
    }
    return -1;
  }

  private static boolean isAuthority(String authority) {
    int at = authority.lastIndexOf('@');
    if (at >= 0) {
      String user = authority.substring(0, at);
      for (int i = 0; i < user.length(); i++) {
        if (!isAlphanumeric(user.charAt(i)) && USER_SIGNS.indexOf(user.charAt(i)) < 0) {
          return false;
        }
      }
      if (!escapesAreWhole(user, false)) {
        return false;
      }
    }
    String host = authority.substring(at + 1);
    String port;
    if (host.startsWith("[")) {
      int end = host.lastIndexOf(']');
      if (end < 0) {
        return false;
      }
      port = host.substring(end + 1);
    } else {
      int colon = host.lastIndexOf(':');
      port = colon < 0 ? "" : host.substring(colon);
    }
    if (!port.matches("(:[0-9]*)?")) {
      return false;
    }
    for (int i = 0; i < host.length(); i++) {
      char c = host.charAt(i);
      if (c < 0x80 && c != '%' && !isAlphanumeric(c) && HOST_SIGNS.indexOf(c) < 0) {
        return false;
      }
    }
    return escapesAreWhole(host, true);
  }

  private static boolean isAlphanumeric(char c) {
    return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z' && c < 0x80);
  }

  private static boolean escapesAreWhole(String text, boolean host) {
    for (int i = text.indexOf('%'); i >= 0; i = text.indexOf('%', i + 1)) {
      if (i + 2 >= text.length()
          || Character.digit(text.charAt(i + 1), 16) < 0
          || Character.digit(text.charAt(i + 2), 16) < 0) {
        return false;
      }
      if (host && Character.digit(text.charAt(i + 1), 16) < 8 && !text.startsWith("%25", i)) {
        return false;
      }
    }
    return true;
  }

  /** Returns the beginning of a string in quotes, for errors. */
  static String quote(String text) {
    return GoString.quote(text.substring(0, Math.min(text.length(), MAX_SHOWN)));
  }
}
