package io.narthex.relabel;

import io.narthex.model.Labels;
import io.narthex.service.config.RelabelRule;
import io.narthex.text.re2.Re2;
import io.narthex.text.re2.Re2SyntaxException;
import io.narthex.text.re2.Template;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** A compiled list of relabelling rules. Immutable and thread-safe. */
public final class Relabeling {
  /** The list without rules; every label set passes unchanged. */
  public static final Relabeling NONE = new Relabeling(List.of(), NameScheme.UTF8);

  private static final String DEFAULT_REGEX = "(.*)";
  private static final String DEFAULT_REPLACEMENT = "$1";
  private static final String DEFAULT_SEPARATOR = ";";

  /** Target label templates that are valid under the legacy scheme. */
  private static final Re2 LEGACY_TARGET =
      Re2.compile("(?:(?:[a-zA-Z_]|\\$(?:\\{\\w+\\}|\\w+))+\\w*)+");

  private enum Action {
    REPLACE,
    KEEP,
    DROP,
    KEEPEQUAL,
    DROPEQUAL,
    HASHMOD,
    LABELMAP,
    LABELDROP,
    LABELKEEP,
    LOWERCASE,
    UPPERCASE
  }

  private record Step(
      Action action,
      List<String> sources,
      String separator,
      Re2 regex,
      String target,
      Template targetTemplate,
      Template replacement,
      long modulus,
      boolean plainSet) {}

  private final List<Step> steps;
  private final NameScheme scheme;

  private Relabeling(List<Step> steps, NameScheme scheme) {
    this.steps = List.copyOf(steps);
    this.scheme = scheme;
  }

  /**
   * Checks and compiles rules.
   *
   * @throws IllegalArgumentException when a rule is invalid; the message is Prometheus'
   */
  public static Relabeling compile(List<RelabelRule> rules, NameScheme scheme) {
    if (rules.isEmpty()) {
      return NONE;
    }
    List<Step> steps = new ArrayList<>(rules.size());
    for (RelabelRule rule : rules) {
      steps.add(step(rule, scheme));
    }
    return new Relabeling(steps, scheme);
  }

  /**
   * Checks one rule.
   *
   * @throws IllegalArgumentException when it is invalid; the message is Prometheus'
   */
  public static void validate(RelabelRule rule, NameScheme scheme) {
    step(rule, scheme);
  }

  private static Step step(RelabelRule r, NameScheme scheme) {
    Re2 regex;
    try {
      regex = Re2.compileAnchored(r.regex());
    } catch (Re2SyntaxException e) {
      throw new IllegalArgumentException(e.getMessage(), e);
    }
    if (r.action().isEmpty()) {
      throw new IllegalArgumentException("relabel action cannot be empty");
    }
    String name = r.action().toLowerCase(Locale.ROOT);
    Action action = action(name);
    if (action == null) {
      throw new IllegalArgumentException("unknown relabel action \"" + r.action() + "\"");
    }
    check(r, action, name, scheme);
    boolean plainSet =
        action == Action.REPLACE
            && r.regex().equals(DEFAULT_REGEX)
            && !r.targetLabel().contains("$")
            && !r.replacement().contains("$");
    return new Step(
        action,
        r.sourceLabels(),
        r.separator(),
        regex,
        r.targetLabel(),
        Template.of(r.targetLabel()),
        Template.of(r.replacement()),
        r.modulus(),
        plainSet);
  }

  private static @Nullable Action action(String name) {
    for (Action a : Action.values()) {
      if (a.name().toLowerCase(Locale.ROOT).equals(name)) {
        return a;
      }
    }
    return null;
  }

  private static void check(RelabelRule r, Action action, String name, NameScheme scheme) {
    String target = r.targetLabel();
    if (action == Action.HASHMOD && r.modulus() == 0) {
      throw new IllegalArgumentException(
          "relabel configuration for hashmod requires non-zero modulus");
    }
    boolean equal = action == Action.KEEPEQUAL || action == Action.DROPEQUAL;
    boolean letterCase = action == Action.LOWERCASE || action == Action.UPPERCASE;
    boolean needsTarget =
        action == Action.REPLACE || equal || action == Action.HASHMOD || letterCase;
    if (needsTarget && target.isEmpty()) {
      throw new IllegalArgumentException(
          "relabel configuration for " + name + " action requires 'target_label' value");
    }
    boolean targetOk =
        action == Action.REPLACE && target.contains("$")
            ? isTemplate(target, scheme)
            : !needsTarget || scheme.isLabelName(target);
    if (!targetOk) {
      throw new IllegalArgumentException(
          "\"" + target + "\" is invalid 'target_label' for " + name + " action");
    }
    if ((letterCase || equal) && !r.replacement().equals(DEFAULT_REPLACEMENT)) {
      throw new IllegalArgumentException("'replacement' can not be set for " + name + " action");
    }
    if (action == Action.LABELMAP && !isTemplate(r.replacement(), scheme)) {
      throw new IllegalArgumentException(
          "\"" + r.replacement() + "\" is invalid 'replacement' for " + name + " action");
    }
    if (equal
        && (!r.regex().equals(DEFAULT_REGEX)
            || r.modulus() != 0
            || !r.separator().equals(DEFAULT_SEPARATOR))) {
      throw new IllegalArgumentException(
          name + " action requires only 'source_labels' and `target_label`, and no other fields");
    }
    if ((action == Action.LABELDROP || action == Action.LABELKEEP)
        && (!r.sourceLabels().isEmpty()
            || !target.isEmpty()
            || r.modulus() != 0
            || !r.separator().equals(DEFAULT_SEPARATOR)
            || !r.replacement().equals(DEFAULT_REPLACEMENT))) {
      throw new IllegalArgumentException(
          name + " action requires only 'regex', and no other fields");
    }
  }

  private static boolean isTemplate(String text, NameScheme scheme) {
    return scheme == NameScheme.UTF8 ? scheme.isLabelName(text) : LEGACY_TARGET.test(text);
  }

  /** Returns whether there is no rule. */
  public boolean isEmpty() {
    return steps.isEmpty();
  }

  /** Returns the rewritten label set, or null when a rule drops it. */
  public @Nullable Labels apply(Labels labels) {
    if (steps.isEmpty()) {
      return labels;
    }
    Labels.Builder b = labels.toBuilder();
    return apply(b) ? b.build() : null;
  }

  /** Rewrites the label set in {@code labels}; returns false when a rule drops it. */
  public boolean apply(Labels.Builder labels) {
    for (Step step : steps) {
      if (!run(step, labels)) {
        return false;
      }
    }
    return true;
  }

  private boolean run(Step s, Labels.Builder labels) {
    switch (s.action) {
      case REPLACE -> {
        String value = joined(s, labels);
        if (s.plainSet && value.isEmpty()) {
          labels.set(s.target, s.replacement.text());
          return true;
        }
        String target = s.regex.replace(value, s.targetTemplate);
        if (target == null || !scheme.isLabelName(target)) {
          return true;
        }
        String replaced = s.regex.replace(value, s.replacement);
        labels.set(target, replaced == null ? "" : replaced);
      }
      case KEEP -> {
        return s.regex.test(joined(s, labels));
      }
      case DROP -> {
        return !s.regex.test(joined(s, labels));
      }
      case KEEPEQUAL -> {
        return labels.get(s.target).equals(joined(s, labels));
      }
      case DROPEQUAL -> {
        return !labels.get(s.target).equals(joined(s, labels));
      }
      case HASHMOD -> labels.set(s.target, hashMod(joined(s, labels), s.modulus));
      case LABELMAP -> {
        for (String name : labels.names()) {
          String copy = s.regex.replace(name, s.replacement);
          if (copy != null) {
            labels.set(copy, labels.get(name));
          }
        }
      }
      case LABELDROP, LABELKEEP -> {
        for (String name : labels.names()) {
          if (s.regex.test(name) == (s.action == Action.LABELDROP)) {
            labels.remove(name);
          }
        }
      }
      case LOWERCASE -> labels.set(s.target, joined(s, labels).toLowerCase(Locale.ROOT));
      case UPPERCASE -> labels.set(s.target, joined(s, labels).toUpperCase(Locale.ROOT));
    }
    return true;
  }

  private static String joined(Step s, Labels.Builder labels) {
    return switch (s.sources.size()) {
      case 0 -> "";
      case 1 -> labels.get(s.sources.get(0));
      default -> {
        StringBuilder b = new StringBuilder();
        for (int i = 0; i < s.sources.size(); i++) {
          if (i > 0) {
            b.append(s.separator);
          }
          b.append(labels.get(s.sources.get(i)));
        }
        yield b.toString();
      }
    };
  }

  /** Returns the last eight bytes of the MD5 digest, as an unsigned number, modulo. */
  private static String hashMod(String value, long modulus) {
    try {
      byte[] digest =
          MessageDigest.getInstance("MD5").digest(value.getBytes(StandardCharsets.UTF_8));
      long number = 0;
      for (int i = 8; i < 16; i++) {
        number = number << 8 | (digest[i] & 0xff);
      }
      return Long.toUnsignedString(Long.remainderUnsigned(number, modulus));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("MD5 is missing in this JDK", e);
    }
  }
}
