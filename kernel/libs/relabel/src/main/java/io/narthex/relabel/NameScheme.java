package io.narthex.relabel;

import io.narthex.model.Labels;

/** Decides which metric and label names are valid. */
public enum NameScheme {
  /** Any non-empty UTF-8 string. */
  UTF8,
  /** {@code [a-zA-Z_][a-zA-Z0-9_]*}, and colons in metric names. */
  LEGACY;

  /** Returns the scheme a configuration value names; anything but {@code legacy} is UTF-8. */
  public static NameScheme of(String text) {
    return text.equals("legacy") ? LEGACY : UTF8;
  }

  /** Returns whether {@code name} is a valid label name. */
  public boolean isLabelName(String name) {
    return switch (this) {
      case UTF8 -> !name.isEmpty() && isWellFormed(name);
      case LEGACY -> Labels.isLegacyName(name);
    };
  }

  /** Returns whether {@code name} is a valid metric name. */
  public boolean isMetricName(String name) {
    return switch (this) {
      case UTF8 -> !name.isEmpty() && isWellFormed(name);
      case LEGACY -> isLegacyMetricName(name);
    };
  }

  /** Returns whether {@code name} needs no quotes as a metric name. */
  public static boolean isLegacyMetricName(String name) {
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      boolean letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':';
      if (!letter && (i == 0 || c < '0' || c > '9')) {
        return false;
      }
    }
    return !name.isEmpty();
  }

  /** Returns whether a string has no lone surrogate, which is what invalid UTF-8 is decoded to. */
  public static boolean isWellFormed(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (Character.isHighSurrogate(c)
          && i + 1 < text.length()
          && Character.isLowSurrogate(text.charAt(i + 1))) {
        i++;
      } else if (Character.isSurrogate(c)) {
        return false;
      }
    }
    return true;
  }
}
