package io.narthex.exporter.jvm.jmx;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Date;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import javax.management.Attribute;
import javax.management.JMException;
import javax.management.MBeanAttributeInfo;
import javax.management.MBeanInfo;
import javax.management.ObjectName;
import javax.management.openmbean.CompositeData;
import javax.management.openmbean.CompositeType;
import javax.management.openmbean.TabularData;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the MBeans of one JVM, within limits, and hands on every value that a rule may use. Keeps
 * from one scrape to the next which attributes have no usable value. Confined to one thread.
 */
final class BeanReader {
  private static final Logger LOG = LoggerFactory.getLogger(BeanReader.class);

  /** Receives the values. */
  interface Values {
    void value(BeanValue value) throws JmxException, InterruptedException;
  }

  /** What is known of an MBean from one scrape to the next. */
  private static final class Known {
    final Map<String, String> properties;
    final Set<String> unusable = new HashSet<>();

    Known(Map<String, String> properties) {
      this.properties = properties;
    }
  }

  /** The MBean that is being read. */
  private record Bean(ObjectName name, Known known, Map<String, String> labels, Values values) {}

  private final BeanFilter filter;
  private final List<Customizer> customizers;
  private final Limits limits;
  private Map<ObjectName, Known> known = new HashMap<>();

  BeanReader(BeanFilter filter, List<Customizer> customizers, Limits limits) {
    this.filter = filter;
    this.customizers = customizers;
    this.limits = limits;
  }

  void read(Beans beans, Values values, Deadline deadline)
      throws IOException, JMException, InterruptedException {
    Map<ObjectName, Known> seen = new HashMap<>();
    for (ObjectName name : names(beans)) {
      deadline.check();
      if (name.getCanonicalName().length() > limits.textChars()) {
        LOG.debug("an MBean in {} has too long a name", name.getDomain());
        continue;
      }
      Known before = known.get(name);
      Known now = before == null ? new Known(properties(name)) : before;
      seen.put(name, now);
      read(beans, name, now, values, deadline);
    }
    known = seen; // forgets those that are gone
  }

  private Set<ObjectName> names(Beans beans) throws IOException, JMException {
    Set<ObjectName> names = new LinkedHashSet<>();
    if (filter.include().isEmpty()) {
      names.addAll(beans.names(ObjectName.WILDCARD));
    }
    for (ObjectName pattern : filter.include()) {
      names.addAll(beans.names(pattern));
    }
    names.removeIf(n -> filter.exclude().stream().anyMatch(p -> p.apply(n)));
    if (names.size() > limits.beans()) {
      throw new JmxException(
          "a JVM may have "
              + limits.beans()
              + " MBeans, got "
              + names.size()
              + "; leave some out by includeObjectNames or excludeObjectNames");
    }
    return names;
  }

  /** Returns the properties of a name in the order in which it was made, with their quotes. */
  static Map<String, String> properties(ObjectName name) {
    String list = name.getKeyPropertyListString();
    Map<String, String> properties = new LinkedHashMap<>();
    int i = 0;
    while (i < list.length()) {
      int equals = list.indexOf('=', i);
      int end = equals + 1;
      if (end < list.length() && list.charAt(end) == '"') {
        end++;
        while (list.charAt(end) != '"') {
          end += list.charAt(end) == '\\' ? 2 : 1;
        }
        end++;
      } else {
        int comma = list.indexOf(',', end);
        end = comma < 0 ? list.length() : comma;
      }
      properties.put(list.substring(i, equals), list.substring(equals + 1, end));
      i = end + 1;
    }
    return properties;
  }

  private void read(Beans beans, ObjectName name, Known now, Values values, Deadline deadline)
      throws IOException, JMException, InterruptedException {
    MBeanInfo info;
    try {
      info = beans.info(name);
    } catch (JMException | RuntimeException e) {
      LOG.debug("MBean {} cannot be described: {}", name, e.toString());
      return;
    }
    Map<String, MBeanAttributeInfo> infos = new LinkedHashMap<>();
    for (MBeanAttributeInfo attribute : info.getAttributes()) {
      if (attribute.isReadable()
          && filter.reads(name, attribute.getName())
          && !now.unusable.contains(attribute.getName())) {
        infos.put(attribute.getName(), attribute);
      }
    }
    if (infos.size() > limits.attributes()) {
      throw new JmxException(
          "an MBean may have "
              + limits.attributes()
              + " attributes, got "
              + infos.size()
              + " of "
              + name
              + "; leave it out by excludeObjectNames");
    }
    if (infos.isEmpty()) {
      return;
    }
    List<Attribute> read = attributes(beans, name, infos.keySet(), now, deadline);
    Customizer customizer =
        customizers.stream().filter(c -> c.matches(name)).findFirst().orElse(null);
    Bean bean =
        new Bean(name, now, customizer == null ? Map.of() : labels(customizer, read), values);
    for (Attribute attribute : read) {
      MBeanAttributeInfo described = infos.get(attribute.getName());
      if (described == null) {
        continue; // nobody has asked for it
      }
      boolean usable =
          value(
              bean,
              now.properties,
              List.of(),
              attribute.getName(),
              description(described.getDescription()),
              attribute.getValue());
      if (!usable && filter.autoExclude()) {
        now.unusable.add(attribute.getName());
      }
    }
    if (customizer != null) {
      for (Customizer.Extra extra : customizer.extraMetrics()) {
        value(bean, now.properties, List.of(), extra.name(), extra.description(), extra.value());
      }
    }
  }

  private List<Attribute> attributes(
      Beans beans, ObjectName name, Set<String> names, Known now, Deadline deadline)
      throws IOException, InterruptedException {
    try {
      return beans.attributes(name, names.toArray(new String[0]));
    } catch (JMException | RuntimeException e) {
      LOG.debug("MBean {} is read attribute by attribute: {}", name, e.toString());
    }
    List<Attribute> read = new ArrayList<>();
    for (String attribute : names) {
      deadline.check();
      try {
        read.addAll(beans.attributes(name, new String[] {attribute}));
      } catch (JMException | RuntimeException e) {
        LOG.debug("MBean {}, attribute {} cannot be read: {}", name, attribute, e.toString());
        if (filter.autoExclude()) {
          now.unusable.add(attribute);
        }
      }
    }
    return read;
  }

  private Map<String, String> labels(Customizer customizer, List<Attribute> read) {
    Map<String, String> labels = new LinkedHashMap<>();
    for (Attribute attribute : read) {
      Object value = attribute.getValue();
      if (value != null && customizer.attributesAsLabels().contains(attribute.getName())) {
        String text = value.toString();
        if (text.length() <= limits.textChars()) {
          labels.put(attribute.getName(), text);
        }
      }
    }
    return labels;
  }

  private static String description(@Nullable String text) {
    return text == null ? "" : text;
  }

  /** Hands a value on, or those within it; false when there is none that a rule may use. */
  private boolean value(
      Bean bean,
      Map<String, String> properties,
      List<String> path,
      String name,
      String description,
      @Nullable Object value)
      throws JmxException, InterruptedException {
    if (path.size() > limits.depth()) {
      return false;
    }
    return switch (value) {
      case null -> true; // may have a value next time
      case String text -> {
        if (text.length() <= limits.textChars()) {
          hand(bean, properties, path, name, description, text);
        }
        yield true;
      }
      case Number number -> hand(bean, properties, path, name, description, number);
      case Boolean flag -> hand(bean, properties, path, name, description, flag);
      case Date date -> hand(bean, properties, path, name, description, date.getTime() / 1000.0);
      case Enum<?> constant -> hand(bean, properties, path, name, description, constant.toString());
      case Optional<?> optional ->
          value(bean, properties, path, name, description, optional.orElse(null));
      case CompositeData composite -> {
        CompositeType type = composite.getCompositeType();
        List<String> within = with(path, name);
        for (String key : type.keySet()) {
          value(
              bean,
              properties,
              within,
              key,
              description(type.getDescription()),
              composite.get(key));
        }
        yield true;
      }
      case TabularData table -> {
        table(bean, properties, path, name, table);
        yield true;
      }
      default -> false;
    };
  }

  private static boolean hand(
      Bean bean,
      Map<String, String> properties,
      List<String> path,
      String name,
      String description,
      Object value)
      throws JmxException, InterruptedException {
    bean.values()
        .value(
            new BeanValue(
                bean.name().getDomain(),
                properties,
                path,
                name,
                description,
                bean.labels(),
                value));
    return true;
  }

  private static List<String> with(List<String> path, String name) {
    List<String> longer = new ArrayList<>(path);
    longer.add(name);
    return longer;
  }

  /**
   * Hands on the rows of a table: the index columns are properties, a column named {@code value} is
   * the attribute itself.
   */
  private void table(
      Bean bean, Map<String, String> properties, List<String> path, String name, TabularData table)
      throws JmxException, InterruptedException {
    List<String> index = table.getTabularType().getIndexNames();
    CompositeType type = table.getTabularType().getRowType();
    Set<String> columns = new TreeSet<>(type.keySet());
    index.forEach(columns::remove);
    List<String> within = with(path, name);
    for (Object row : table.values()) {
      if (!(row instanceof CompositeData composite)) {
        continue;
      }
      Map<String, String> longer = new LinkedHashMap<>(properties);
      boolean fits = true;
      for (String column : index) {
        Object value = composite.get(column);
        if (value == null) {
          continue;
        }
        String key = column; // a table within a table often has the same index
        while (longer.containsKey(key)) {
          key += "_";
        }
        String text = value.toString();
        fits &= text.length() <= limits.textChars();
        longer.put(key, text);
      }
      if (!fits) {
        continue;
      }
      for (String column : columns) {
        boolean itself = column.equalsIgnoreCase("value");
        value(
            bean,
            longer,
            itself ? path : within,
            itself ? name : column,
            description(type.getDescription()),
            composite.get(column));
      }
    }
  }
}
