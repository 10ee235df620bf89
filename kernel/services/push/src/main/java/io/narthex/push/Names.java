package io.narthex.push;

/** Names of metrics. */
final class Names {
  private Names() {}

  /** Returns whether a name is {@code [a-zA-Z_:][a-zA-Z0-9_:]*}. */
  static boolean isLegacyMetricName(String name) {
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      boolean letter = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == ':';
      if (!letter && (i == 0 || c < '0' || c > '9')) {
        return false;
      }
    }
    return !name.isEmpty();
  }

  /** Returns the name with each invalid character replaced, as the escaping {@code underscores}. */
  static String underscores(String name, boolean label) {
    StringBuilder out = new StringBuilder(name.length());
    name.codePoints()
        .forEach(c -> {
          boolean letter =
              c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == ':' && !label;
          boolean digit = c >= '0' && c <= '9' && !out.isEmpty();
          out.append(letter || digit ? (char) c : '_');
        });
    return out.toString();
  }
}
