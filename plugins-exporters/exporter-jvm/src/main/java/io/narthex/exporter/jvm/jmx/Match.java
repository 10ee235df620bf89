package io.narthex.exporter.jvm.jmx;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a rule makes of an attribute.
 *
 * @param labels names and values in turn
 * @param value a constant of the rule, or null: that of the attribute
 * @param help null: made from the names of MBean and attribute
 */
record Match(
    String name,
    Rule.Type type,
    List<String> labels,
    @Nullable Double value,
    double factor,
    @Nullable String help) {}
