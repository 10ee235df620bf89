package io.narthex.exporter.jvm.jmx;

import java.util.List;
import java.util.Map;
import javax.management.ObjectName;

/**
 * An entry of {@code metricCustomizers}: more labels and metrics for some MBeans.
 *
 * @param properties an MBean must have these in its name
 * @param attributesAsLabels attributes whose values become labels of all metrics of the MBean
 */
record Customizer(
    String domain,
    Map<String, String> properties,
    List<String> attributesAsLabels,
    List<Extra> extraMetrics) {
  /** A metric with a constant value. */
  record Extra(String name, Object value, String description) {}

  Customizer {
    properties = Map.copyOf(properties);
    attributesAsLabels = List.copyOf(attributesAsLabels);
    extraMetrics = List.copyOf(extraMetrics);
  }

  boolean matches(ObjectName bean) {
    return bean.getDomain().equals(domain)
        && properties.entrySet().stream()
            .allMatch(e -> e.getValue().equals(bean.getKeyProperty(e.getKey())));
  }
}
