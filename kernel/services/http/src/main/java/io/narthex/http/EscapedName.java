package io.narthex.http;

/** Names in paths: {@code U__} escapes, as Prometheus writes names that are not plain. */
final class EscapedName {
  private EscapedName() {}

  /** Returns the name that {@code text} stands for; one that is not escaped stands for itself. */
  static String unescape(String text) {
    if (!text.startsWith("U__")) {
      return text;
    }
    StringBuilder out = new StringBuilder();
    String body = text.substring(3);
    for (int i = 0; i < body.length(); i++) {
      char c = body.charAt(i);
      if (c != '_') {
        out.append(c);
        continue;
      }
      if (i + 1 < body.length() && body.charAt(i + 1) == '_') {
        out.append('_');
        i++;
        continue;
      }
      int end = body.indexOf('_', i + 1);
      if (end < 0 || end == i + 1 || end - i > 7) {
        return text;
      }
      try {
        int codePoint = Integer.parseInt(body.substring(i + 1, end), 16);
        if (!Character.isValidCodePoint(codePoint)) {
          return text;
        }
        out.appendCodePoint(codePoint);
      } catch (NumberFormatException e) {
        return text;
      }
      i = end;
    }
    return out.toString();
  }
}
