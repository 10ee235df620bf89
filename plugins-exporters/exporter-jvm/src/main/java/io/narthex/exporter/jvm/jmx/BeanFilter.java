package io.narthex.exporter.jvm.jmx;

import java.util.List;
import java.util.Map;
import java.util.Set;
import javax.management.ObjectName;

/**
 * Which MBeans and attributes of a JVM are read.
 *
 * @param include patterns; empty: all MBeans
 * @param exclude patterns, which go before those of {@code include}
 * @param includeAttributes for each MBean the attributes read; when there are any MBeans here, no
 *     others are read
 * @param excludeAttributes for each MBean attributes not read
 * @param autoExclude whether an attribute without usable value is not asked for again
 */
record BeanFilter(
    List<ObjectName> include,
    List<ObjectName> exclude,
    Map<ObjectName, Set<String>> includeAttributes,
    Map<ObjectName, Set<String>> excludeAttributes,
    boolean autoExclude) {
  BeanFilter {
    include = List.copyOf(include);
    exclude = List.copyOf(exclude);
    includeAttributes = Map.copyOf(includeAttributes);
    excludeAttributes = Map.copyOf(excludeAttributes);
  }

  boolean reads(ObjectName bean, String attribute) {
    if (!includeAttributes.isEmpty()
        && !includeAttributes.getOrDefault(bean, Set.of()).contains(attribute)) {
      return false;
    }
    return !excludeAttributes.getOrDefault(bean, Set.of()).contains(attribute);
  }
}
