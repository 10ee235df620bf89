package io.narthex.discovery.kubernetes;

import io.narthex.spi.config.ConfigException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Checks label selectors, to which the API server would answer with an error at run time. */
final class LabelSelectors {
  private static final int LONGEST_PREFIX = 253;

  private static final Pattern REQUIREMENT;

  static {
    String space = "[ \\t\\r\\n]*";
    String name = "[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?";
    String value = space + "(?:" + name + ")?" + space;
    String domain = "[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?";
    String key = "(?:(?<prefix>" + domain + "(?:\\." + domain + ")*)/)?" + name;
    REQUIREMENT =
        Pattern.compile(
            space
                + ("(?:!" + space + ")?" + key + space + "(?=,|$)")
                + ("|" + space + key.replace("<prefix>", "<of>"))
                + ("(?:" + space + "(?:==?|!=)" + value)
                + ("|" + space + "[<>]" + space + "[0-9]{1,18}" + space)
                + ("|[ \\t\\r\\n]" + space + "(?:not)?in" + space)
                + ("\\(" + value + "(?:," + value + ")*\\)" + space + ")(?=,|$)"),
            0);
  }

  private LabelSelectors() {}

  /**
   * Checks a selector.
   *
   * @throws ConfigException when it is none
   */
  static void check(String selector) {
    if (selector.isBlank()) {
      return;
    }
    Matcher m = REQUIREMENT.matcher(selector);
    for (int at = 0; at <= selector.length(); at = m.end() + 1) {
      m.region(at, selector.length());
      if (!m.lookingAt() || isLong(m.group("prefix")) || isLong(m.group("of"))) {
        throw new ConfigException(
            "invalid selector: '"
                + selector
                + "'; can't understand '"
                + selector.substring(at)
                + "'; write requirements such as app=web or tier in (a, b)");
      }
    }
  }

  private static boolean isLong(@Nullable String prefix) {
    return prefix != null && prefix.length() > LONGEST_PREFIX;
  }
}
