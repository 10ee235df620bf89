package io.narthex.exporter.jvm.jmx;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import org.jspecify.annotations.Nullable;

/** Applies the rules of a file to values: the first that matches decides. Not thread-safe. */
final class RuleEngine {
  private static final String CACHED = "<cache>";
  private static final int MOST_CACHED_CHARS = 20_000_000;

  private final RuleFile file;
  private final MatchCache cache;

  RuleEngine(RuleFile file) {
    this.file = file;
    cache = new MatchCache(file.rules().size(), MOST_CACHED_CHARS);
  }

  MatchCache cache() {
    return cache;
  }

  /** Adds the sample of a value, if a rule takes it. */
  void apply(BeanValue value, Families families, Deadline deadline)
      throws JmxException, InterruptedException {
    String prefix = value.prefix();
    String snakeCase = null;
    List<Rule> rules = file.rules();
    for (int i = 0; i < rules.size(); i++) {
      Rule rule = rules.get(i);
      String attribute = value.attribute();
      if (rule.attrNameSnakeCase()) {
        snakeCase = snakeCase == null ? Names.snakeCase(attribute) : snakeCase;
        attribute = snakeCase;
      }
      // the value of the first scrape would stay in the cache
      String text = prefix + attribute + ": " + (rule.cache() ? CACHED : value.value());
      MatchCache.Outcome outcome = rule.cache() ? cache.get(i, text) : null;
      if (outcome == null) {
        Matcher matcher = matcher(rule, text, deadline);
        if (rule.pattern() != null && matcher == null) {
          outcome = new MatchCache.Outcome(null);
        } else {
          Match match = match(rule, matcher, value, attribute);
          if (match == null) {
            return; // taken by the rule, which makes nothing of it
          }
          outcome = new MatchCache.Outcome(match);
        }
        if (rule.cache()) {
          cache.put(i, text, outcome);
        }
      }
      Match match = outcome.match();
      if (match != null) {
        add(match, value, text, families);
        return;
      }
    }
  }

  private static @Nullable Matcher matcher(Rule rule, String text, Deadline deadline)
      throws JmxException, InterruptedException {
    if (rule.pattern() == null) {
      return null;
    }
    try {
      Matcher matcher = rule.pattern().matcher(new BoundedText(text, deadline));
      return matcher.matches() ? matcher : null;
    } catch (BoundedText.TooSlow e) {
      deadline.check();
      throw new JmxException("pattern " + rule.pattern() + " takes too long for " + text, e);
    } catch (StackOverflowError e) {
      throw new JmxException("pattern " + rule.pattern() + " nests too deep for " + text, e);
    }
  }

  private @Nullable Match match(
      Rule rule, @Nullable Matcher matcher, BeanValue value, String attribute) {
    if (rule.isBroken()) {
      return null;
    }
    Double constant = null;
    if (rule.value() != null) {
      try {
        constant = Double.valueOf(expand(rule.value(), matcher));
      } catch (NumberFormatException e) {
        return null;
      }
    }
    List<String> labels = new ArrayList<>();
    value.labels().forEach((k, v) -> label(labels, Names.safe(k), v));
    if (rule.name() == null) {
      return byDefault(rule, value, attribute, constant, labels);
    }
    String name = Names.safe(expand(rule.name(), matcher));
    if (name.isEmpty()) {
      return null;
    }
    for (Rule.LabelTemplate label : rule.labels()) {
      label(labels, Names.safe(expand(label.name(), matcher)), expand(label.value(), matcher));
    }
    return new Match(
        file.lowercaseOutputName() ? name.toLowerCase(Locale.ROOT) : name,
        rule.type(),
        labels,
        constant,
        rule.valueFactor(),
        rule.help() == null ? null : expand(rule.help(), matcher));
  }

  private static String expand(Template template, @Nullable Matcher matcher) {
    return matcher == null ? template.literal() : template.expand(matcher);
  }

  private void label(List<String> labels, String name, String value) {
    if (!name.isEmpty() && !value.isEmpty()) {
      labels.add(file.lowercaseOutputLabelNames() ? name.toLowerCase(Locale.ROOT) : name);
      labels.add(value);
    }
  }

  /** Names the metric by domain, first property, path and attribute; the others are labels. */
  private Match byDefault(
      Rule rule,
      BeanValue value,
      String attribute,
      @Nullable Double constant,
      List<String> labels) {
    StringBuilder name = new StringBuilder(value.domain());
    Iterator<Map.Entry<String, String>> properties = value.properties().entrySet().iterator();
    if (properties.hasNext()) {
      name.append('_').append(properties.next().getValue());
    }
    for (String key : value.path()) {
      name.append('_').append(key);
    }
    name.append('_').append(attribute);
    properties.forEachRemaining(e -> label(labels, Names.safe(e.getKey()), e.getValue()));
    String safe = Names.safe(name.toString());
    return new Match(
        file.lowercaseOutputName() ? safe.toLowerCase(Locale.ROOT) : safe,
        rule.type(),
        labels,
        constant,
        rule.valueFactor(),
        null);
  }

  private static void add(Match match, BeanValue value, String text, Families families)
      throws JmxException {
    double number;
    if (match.value() != null) {
      number = match.value() * match.factor();
    } else if (value.value() instanceof Number n) {
      number = n.doubleValue() * match.factor();
    } else if (value.value() instanceof Boolean flag) {
      number = flag ? 1 : 0;
    } else {
      return;
    }
    families.add(match, value, text, number);
  }
}
