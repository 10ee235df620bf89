package io.narthex.push;

/** Names of metrics and labels in formats that allow fewer characters. */
final class Names {
  private Names() {}

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
