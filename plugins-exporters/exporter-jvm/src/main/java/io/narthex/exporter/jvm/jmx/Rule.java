package io.narthex.exporter.jvm.jmx;

import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * One rule of a rule file.
 *
 * @param pattern searched in the text of an attribute; null: every attribute
 * @param name of the metric; null: made from the names of MBean and attribute
 * @param value null: that of the attribute
 * @param valueFactor the value is multiplied with it
 * @param help null: made from the names of MBean and attribute
 * @param cache whether the outcome of the match is kept until the next scrape
 * @param attrNameSnakeCase whether the attribute's name is turned to snake case first
 */
record Rule(
    @Nullable Pattern pattern,
    @Nullable Template name,
    @Nullable Template value,
    double valueFactor,
    List<LabelTemplate> labels,
    @Nullable Template help,
    Type type,
    boolean cache,
    boolean attrNameSnakeCase) {
  /** Takes every attribute under the name made for it. */
  static final Rule ALL =
      new Rule(null, null, null, 1, List.of(), null, Type.UNKNOWN, false, false);

  /** What a rule says that its metric is. */
  enum Type {
    COUNTER,
    GAUGE,
    UNKNOWN
  }

  /** A label, both sides with references to groups. */
  record LabelTemplate(Template name, Template value) {}

  Rule {
    labels = List.copyOf(labels);
  }

  /** Returns whether a reference leads nowhere, so that nothing can be made of a match. */
  boolean isBroken() {
    return name == Template.BROKEN
        || value == Template.BROKEN
        || help == Template.BROKEN
        || labels.stream()
            .anyMatch(l -> l.name() == Template.BROKEN || l.value() == Template.BROKEN);
  }
}
