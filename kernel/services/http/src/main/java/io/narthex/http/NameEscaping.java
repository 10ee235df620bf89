package io.narthex.http;

import io.narthex.relabel.NameScheme;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** How names beyond {@code [a-zA-Z_:][a-zA-Z0-9_:]*} are written for a client. */
enum NameEscaping {
  /** Unchanged, in quotes. */
  ALLOW_UTF_8,
  /** Each other character becomes an underscore. */
  UNDERSCORES,
  /** In a name that needs it a dot becomes {@code _dot_}, any other character two underscores. */
  DOTS,
  /** {@code U__} and each other character as {@code _<hex>_}; reversible. */
  VALUES;

  /** Returns the scheme a client names, or {@code otherwise}. */
  static NameEscaping of(@Nullable String name, NameEscaping otherwise) {
    for (NameEscaping e : values()) {
      if (e.text().equals(name)) {
        return e;
      }
    }
    return otherwise;
  }

  /** Returns the name of the scheme in headers. */
  String text() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** Returns a name, escaped. */
  String escape(String name) {
    if (name.isEmpty() || this == ALLOW_UTF_8) {
      return name;
    }
    if (NameScheme.isLegacyMetricName(name)) {
      return name;
    }
    StringBuilder out = new StringBuilder(name.length() + 8);
    if (this == VALUES) {
      out.append("U__");
    }
    for (int i = 0; i < name.length(); ) {
      int c = name.codePointAt(i);
      boolean legal = isLegal(c, i);
      i += Character.charCount(c);
      switch (this) {
        case UNDERSCORES -> out.append(legal ? (char) c : '_');
        case DOTS -> out.append(c == '_' ? "__" : c == '.' ? "_dot_" : legal ? text(c) : "__");
        case VALUES ->
            out.append(c == '_' ? "__" : legal ? text(c) : "_" + Integer.toHexString(c) + "_");
        case ALLOW_UTF_8 -> out.appendCodePoint(c);
      }
    }
    return out.toString();
  }

  private static String text(int c) {
    return String.valueOf((char) c);
  }

  private static boolean isLegal(int c, int at) {
    return (c >= 'a' && c <= 'z')
        || (c >= 'A' && c <= 'Z')
        || c == '_'
        || c == ':'
        || (at > 0 && c >= '0' && c <= '9');
  }
}
