package io.narthex.config.yaml;

import io.narthex.model.go.PromDuration;
import io.narthex.spi.config.ByteSize;
import io.narthex.spi.config.ConfigException;
import io.narthex.spi.config.ConfigNode;
import io.narthex.spi.config.ConfigNode.Place;
import io.narthex.spi.config.ConfigNode.Sequence;
import io.narthex.spi.config.Secret;
import io.narthex.spi.config.Setting;
import io.narthex.text.re2.Re2;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.List;

/**
 * Checks bound values against what their {@link Setting} allows. Messages never contain secrets.
 */
final class SettingChecks {
  private SettingChecks() {}

  /**
   * Checks a value.
   *
   * @param node its node, or a substitute for a default
   * @throws ConfigException with the position of what is not allowed
   */
  static void check(ConfigNode node, String key, Object value, Setting setting) {
    checkRange(node.place(), key, value, setting);
    if (setting.pattern().isEmpty() && setting.oneOf().length == 0) {
      return;
    }
    if (value instanceof List<?> items) {
      for (int i = 0; i < items.size(); i++) {
        boolean found = node instanceof Sequence s && i < s.items().size();
        Place at = found ? ((Sequence) node).items().get(i).place() : node.place();
        checkText(at, key, items.get(i), setting);
      }
    } else {
      checkText(node.place(), key, value, setting);
    }
  }

  private static void checkText(Place at, String key, Object value, Setting setting) {
    boolean hidden = setting.secret() || value instanceof Secret;
    String text =
        value instanceof Secret s ? s.reveal() : value instanceof String plain ? plain : null;
    if (text == null || (text.isEmpty() && !setting.required())) {
      return;
    }
    String got = hidden ? "" : ", got \"" + text + "\"";
    List<String> allowed = List.of(setting.oneOf());
    if (!allowed.isEmpty() && !allowed.contains(text)) {
      throw new ConfigException(
          at + ": " + key + " must be one of " + String.join(", ", allowed) + got);
    }
    if (!setting.pattern().isEmpty() && !Re2.compile(setting.pattern()).test(text)) {
      throw new ConfigException(at + ": " + key + " must match " + setting.pattern() + got);
    }
  }

  private static void checkRange(Place at, String key, Object value, Setting setting) {
    double number;
    if (value instanceof Number n) {
      number = n.doubleValue();
    } else if (value instanceof Duration d) {
      number = d.toMillis() / 1000.0;
    } else if (value instanceof ByteSize b) {
      number = b.bytes();
    } else {
      return;
    }
    double min = setting.min();
    double max = setting.max();
    if (number < min || number > max) {
      throw new ConfigException(
          at
              + ": "
              + key
              + " must be "
              + range(
                  min == Double.NEGATIVE_INFINITY ? "" : text(min, value),
                  max == Double.POSITIVE_INFINITY ? "" : text(max, value))
              + ", got "
              + text(number, value));
    }
  }

  private static String range(String min, String max) {
    if (min.isEmpty()) {
      return "at most " + max;
    }
    return max.isEmpty() ? "at least " + min : "from " + min + " to " + max;
  }

  /** Writes a number in the form of {@code like}: a duration, a size, or plain. */
  private static String text(double number, Object like) {
    if (like instanceof Duration) {
      return PromDuration.format(Duration.ofMillis(Math.round(number * 1000)));
    }
    String plain =
        Double.isInfinite(number) || Double.isNaN(number)
            ? Double.toString(number)
            : BigDecimal.valueOf(number).stripTrailingZeros().toPlainString();
    return like instanceof ByteSize ? plain + "B" : plain;
  }
}
