package io.narthex.exporter.jvm.jmx;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/**
 * A text with references to the groups of a pattern, in the form of {@link
 * java.util.regex.Matcher#replaceAll(String)}: {@code $1}, <code>${name}</code>, and a backslash
 * before a literal character. Immutable.
 */
final class Template {
  /** Stands for a text whose references lead nowhere; it is never expanded. */
  static final Template BROKEN = new Template(List.of());

  private final List<Part> parts;

  /** Literal text, or with a group that is not negative that group's text. */
  private record Part(String literal, int group) {}

  private Template(List<Part> parts) {
    this.parts = parts;
  }

  /** Returns a text without references. */
  static Template literal(String text) {
    return new Template(List.of(new Part(text, -1)));
  }

  /**
   * Reads a template.
   *
   * @throws IllegalArgumentException when the pattern has no such group, with a message for users
   */
  static Template parse(String text, Pattern pattern) {
    int groups = pattern.matcher("").groupCount();
    List<Part> parts = new ArrayList<>();
    StringBuilder literal = new StringBuilder();
    int i = 0;
    while (i < text.length()) {
      char c = text.charAt(i++);
      if (c == '\\') {
        if (i == text.length()) {
          throw new IllegalArgumentException("a character must follow the last backslash");
        }
        literal.append(text.charAt(i++));
      } else if (c != '$') {
        literal.append(c);
      } else {
        int group;
        if (i < text.length() && text.charAt(i) == '{') {
          int end = text.indexOf('}', i);
          String name = end < 0 ? "" : text.substring(i + 1, end);
          Integer number = pattern.namedGroups().get(name);
          if (number == null) {
            throw new IllegalArgumentException("the pattern has no group named \"" + name + "\"");
          }
          group = number;
          i = end + 1;
        } else {
          int digits = groupDigits(text, i, groups);
          if (digits == 0) {
            throw new IllegalArgumentException(
                "a group number or {name} must follow $; write \\$ for the character");
          }
          group = Integer.parseInt(text.substring(i, i + digits));
          if (group > groups) {
            throw new IllegalArgumentException(
                "the pattern has " + groups + " groups, got a reference to group " + group);
          }
          i += digits;
        }
        parts.add(new Part(literal.toString(), -1));
        parts.add(new Part("", group));
        literal.setLength(0);
      }
    }
    parts.add(new Part(literal.toString(), -1));
    return new Template(
        parts.stream().filter(p -> p.group() >= 0 || !p.literal().isEmpty()).toList());
  }

  /** Returns how many digits belong to a group number: as many as give a group that exists. */
  private static int groupDigits(String text, int from, int groups) {
    int end = from;
    long number = 0;
    while (end < text.length() && text.charAt(end) >= '0' && text.charAt(end) <= '9') {
      number = number * 10 + (text.charAt(end) - '0');
      if (end > from && number > groups) {
        break;
      }
      end++;
    }
    return end - from;
  }

  /** Returns the text of a template without references. */
  String literal() {
    StringBuilder b = new StringBuilder();
    parts.forEach(p -> b.append(p.literal()));
    return b.toString();
  }

  /** Returns the text with the groups of a match filled in; one that has not matched is empty. */
  String expand(MatchResult match) {
    if (parts.size() == 1) {
      return text(parts.get(0), match);
    }
    StringBuilder b = new StringBuilder();
    for (Part part : parts) {
      b.append(text(part, match));
    }
    return b.toString();
  }

  private static String text(Part part, MatchResult match) {
    if (part.group() < 0) {
      return part.literal();
    }
    String group = match.group(part.group());
    return group == null ? "" : group;
  }
}
