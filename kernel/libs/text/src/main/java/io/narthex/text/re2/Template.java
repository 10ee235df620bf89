package io.narthex.text.re2;

import com.google.re2j.Matcher;
import com.google.re2j.Pattern;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A replacement text with {@code $1}, {@code ${1}}, {@code $name}, {@code ${name}} and {@code $$}.
 * A name is the longest run of letters, digits and underscores; a group that does not exist or did
 * not match gives the empty string; a dollar sign that begins none of these stands for itself.
 * Immutable.
 */
public final class Template {
  private final String text;

  /** Literal text at even indices, group names at odd ones. */
  private final List<String> parts;

  private Template(String text, List<String> parts) {
    this.text = text;
    this.parts = parts;
  }

  /** Returns the compiled form of a template; every string is valid. */
  public static Template of(String text) {
    List<String> parts = new ArrayList<>();
    StringBuilder literal = new StringBuilder();
    int i = 0;
    while (i < text.length()) {
      char c = text.charAt(i);
      if (c != '$') {
        literal.append(c);
        i++;
        continue;
      }
      if (i + 1 < text.length() && text.charAt(i + 1) == '$') {
        literal.append('$');
        i += 2;
        continue;
      }
      boolean brace = i + 1 < text.length() && text.charAt(i + 1) == '{';
      int start = brace ? i + 2 : i + 1;
      int end = start;
      while (end < text.length() && isWord(text.codePointAt(end))) {
        end += Character.charCount(text.codePointAt(end));
      }
      boolean closed = !brace || (end < text.length() && text.charAt(end) == '}');
      if (end == start || !closed) {
        literal.append('$');
        i++;
        continue;
      }
      parts.add(literal.toString());
      literal.setLength(0);
      parts.add(text.substring(start, end));
      i = brace ? end + 1 : end;
    }
    parts.add(literal.toString());
    return new Template(text, List.copyOf(parts));
  }

  private static boolean isWord(int c) {
    return c == '_'
        || Character.isLetter(c)
        || Character.getType(c) == Character.DECIMAL_DIGIT_NUMBER;
  }

  /** Returns the expansion when no group is named, else the template itself. */
  public String text() {
    return isConstant() ? parts.get(0) : text;
  }

  /** Returns whether the expansion is the same for every match. */
  public boolean isConstant() {
    return parts.size() == 1;
  }

  String expand(Matcher m, Pattern pattern) {
    if (parts.size() == 3 && parts.get(0).isEmpty() && parts.get(2).isEmpty()) {
      return group(m, pattern, parts.get(1));
    }
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < parts.size(); i++) {
      out.append(i % 2 == 0 ? parts.get(i) : group(m, pattern, parts.get(i)));
    }
    return out.toString();
  }

  private static String group(Matcher m, Pattern pattern, String name) {
    int number = number(name);
    if (number < 0) {
      Map<String, Integer> names = pattern.namedGroups();
      Integer n = names.get(name);
      if (n == null) {
        return "";
      }
      number = n;
    }
    if (number > m.groupCount()) {
      return "";
    }
    String value = m.group(number);
    return value == null ? "" : value;
  }

  /** Returns the number of a numeric group name, or -1. */
  private static int number(String name) {
    if (name.length() > 1 && name.charAt(0) == '0') {
      return -1;
    }
    int n = 0;
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      if (c < '0' || c > '9' || n >= 100_000_000) {
        return -1;
      }
      n = n * 10 + (c - '0');
    }
    return n;
  }

  @Override
  public String toString() {
    return text;
  }
}
