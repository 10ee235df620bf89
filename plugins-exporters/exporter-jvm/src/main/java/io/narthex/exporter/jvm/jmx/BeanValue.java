package io.narthex.exporter.jvm.jmx;

import java.util.List;
import java.util.Map;

/**
 * A value within an MBean.
 *
 * @param properties those of the MBean's name in their order, then index columns of tabular data
 * @param path names of the attribute and the items that the value is within
 * @param attribute name of the attribute, or of the item within composite or tabular data
 * @param description of the attribute, or of the composite type
 * @param labels labels that metrics of this MBean get in addition
 * @param value a Number, Boolean or String
 */
record BeanValue(
    String domain,
    Map<String, String> properties,
    List<String> path,
    String attribute,
    String description,
    Map<String, String> labels,
    Object value) {
  /** Returns the text up to the name of the attribute that patterns see. */
  String prefix() {
    String names = properties.toString();
    String keys = path.toString();
    return domain
        + "<"
        + names.substring(1, names.length() - 1)
        + "><"
        + keys.substring(1, keys.length() - 1)
        + ">";
  }

  /** Returns the help text of metrics whose rule has none. */
  String help() {
    return (description.isEmpty() ? "" : description + " ")
        + domain
        + ":name="
        + properties.get("name")
        + ",type="
        + properties.get("type")
        + ",attribute="
        + attribute;
  }
}
