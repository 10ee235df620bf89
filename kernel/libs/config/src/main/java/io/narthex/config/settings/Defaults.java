package io.narthex.config.settings;

import io.narthex.config.settings.SettingKey.ValueType;
import io.narthex.config.settings.SettingKey.ValueType.ListOf;
import io.narthex.config.settings.SettingKey.ValueType.Plain;
import java.math.BigDecimal;
import java.util.List;

/** Default values as JSON has them. */
final class Defaults {
  private Defaults() {}

  /** Returns a default as number, boolean, list or string. */
  static Object typed(ValueType type, String text) {
    if (type == Plain.BOOLEAN) {
      return text.equals("true");
    }
    if (type == Plain.INT || type == Plain.LONG || type == Plain.NUMBER) {
      try {
        return number(Double.parseDouble(text.replace("_", "")));
      } catch (NumberFormatException e) {
        return text;
      }
    }
    return type instanceof ListOf ? List.of(text) : text;
  }

  /** Returns a number without fraction as an integer. */
  static Object number(double value) {
    if (Double.isNaN(value) || Double.isInfinite(value)) {
      return Double.toString(value);
    }
    BigDecimal exact = BigDecimal.valueOf(value).stripTrailingZeros();
    return exact.scale() <= 0 && exact.abs().compareTo(BigDecimal.valueOf(1L << 62)) < 0
        ? (Object) exact.longValueExact()
        : exact;
  }
}
