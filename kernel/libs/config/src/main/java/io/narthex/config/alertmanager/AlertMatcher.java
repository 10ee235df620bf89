package io.narthex.config.alertmanager;

import io.narthex.model.Labels;
import io.narthex.service.config.AlertmanagerConfig.LabelMatcher;
import io.narthex.text.re2.Re2;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A compiled matcher of alerts. Regular expressions are RE2, anchored, and unlike in PromQL the dot
 * does not match a line feed. Immutable.
 */
public final class AlertMatcher {
  private final LabelMatcher source;
  private final @Nullable Re2 pattern;

  private AlertMatcher(LabelMatcher source, @Nullable Re2 pattern) {
    this.source = source;
    this.pattern = pattern;
  }

  /**
   * Compiles a matcher.
   *
   * @throws IllegalArgumentException when the operator or the regular expression is wrong
   */
  public static AlertMatcher compile(LabelMatcher matcher) {
    return switch (matcher.operator()) {
      case "=", "!=" -> new AlertMatcher(matcher, null);
      case "=~", "!~" -> new AlertMatcher(matcher, Re2.compileForAlerts(matcher.value()));
      default ->
          throw new IllegalArgumentException("unknown operator \"" + matcher.operator() + "\"");
    };
  }

  /**
   * Compiles matchers.
   *
   * @throws IllegalArgumentException when one is wrong
   */
  public static List<AlertMatcher> compile(List<LabelMatcher> matchers) {
    return matchers.stream().map(AlertMatcher::compile).toList();
  }

  /** Returns whether all matchers match a label set. */
  public static boolean matchAll(List<AlertMatcher> matchers, Labels labels) {
    for (AlertMatcher m : matchers) {
      if (!m.matches(labels.get(m.source.name()))) {
        return false;
      }
    }
    return true;
  }

  /** Returns the matcher as written. */
  public LabelMatcher source() {
    return source;
  }

  /** Returns whether a value matches; the empty string stands for a missing label. */
  public boolean matches(String value) {
    return switch (source.operator()) {
      case "=" -> source.value().equals(value);
      case "!=" -> !source.value().equals(value);
      case "=~" -> Objects.requireNonNull(pattern).matches(value);
      default -> !Objects.requireNonNull(pattern).matches(value);
    };
  }

  /** Returns the string form of a matcher, as in route keys. */
  public static String format(LabelMatcher m) {
    StringBuilder b = new StringBuilder();
    if (m.name().codePoints().anyMatch(MatcherSyntax::isReserved)) {
      b.append('"').append(m.name().replace("\\", "\\\\").replace("\"", "\\\"")).append('"');
    } else {
      b.append(m.name());
    }
    String value = m.value().replace("\\", "\\\\").replace("\n", "\\n").replace("\"", "\\\"");
    return b.append(m.operator()).append('"').append(value).append('"').toString();
  }

  @Override
  public String toString() {
    return format(source);
  }

  @Override
  public boolean equals(@Nullable Object o) {
    return o instanceof AlertMatcher m && source.equals(m.source);
  }

  @Override
  public int hashCode() {
    return source.hashCode();
  }
}
