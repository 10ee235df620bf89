package io.narthex.exporter.jvm.jmx;

import java.util.LinkedHashMap;
import java.util.Map;
import javax.management.Attribute;
import javax.management.AttributeList;
import javax.management.AttributeNotFoundException;
import javax.management.DynamicMBean;
import javax.management.MBeanAttributeInfo;
import javax.management.MBeanInfo;
import javax.management.ObjectName;
import org.jspecify.annotations.NullUnmarked;

/** An MBean with the given attributes. An attribute whose value is an exception throws it. */
@NullUnmarked
public final class FakeBean implements DynamicMBean {
  private final Map<String, Object> values = new LinkedHashMap<>();

  /** Creates one with names and values in turn. */
  public FakeBean(Object... namesAndValues) {
    for (int i = 0; i < namesAndValues.length; i += 2) {
      values.put((String) namesAndValues[i], namesAndValues[i + 1]);
    }
  }

  public static ObjectName name(String text) {
    try {
      return new ObjectName(text);
    } catch (javax.management.MalformedObjectNameException e) {
      throw new IllegalArgumentException(text, e);
    }
  }

  @Override
  public Object getAttribute(String name) throws AttributeNotFoundException {
    if (!values.containsKey(name)) {
      throw new AttributeNotFoundException(name);
    }
    Object value = values.get(name);
    if (value instanceof RuntimeException e) {
      throw e;
    }
    return value;
  }

  @Override
  public AttributeList getAttributes(String[] names) {
    AttributeList list = new AttributeList();
    for (String name : names) {
      try {
        list.add(new Attribute(name, getAttribute(name)));
      } catch (AttributeNotFoundException | RuntimeException e) {
        continue; // absent, as the contract says
      }
    }
    return list;
  }

  @Override
  public void setAttribute(Attribute attribute) {
    throw new UnsupportedOperationException();
  }

  @Override
  public AttributeList setAttributes(AttributeList attributes) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Object invoke(String action, Object[] parameters, String[] signature) {
    throw new UnsupportedOperationException();
  }

  @Override
  public MBeanInfo getMBeanInfo() {
    MBeanAttributeInfo[] infos =
        values.entrySet().stream()
            .map(e ->
                new MBeanAttributeInfo(
                    e.getKey(),
                    e.getValue() == null ? "java.lang.Object" : e.getValue().getClass().getName(),
                    "About " + e.getKey(),
                    true,
                    false,
                    false))
            .toArray(MBeanAttributeInfo[]::new);
    return new MBeanInfo(getClass().getName(), "a fake", infos, null, null, null);
  }
}
