package io.narthex.exporter.jvm.jmx;

import java.io.IOException;
import java.util.List;
import java.util.Set;
import javax.management.Attribute;
import javax.management.JMException;
import javax.management.MBeanInfo;
import javax.management.ObjectName;

/** The MBeans of one JVM, this one or another. Confined to one thread. */
public interface Beans extends AutoCloseable {
  /** Returns the names that match a pattern. */
  Set<ObjectName> names(ObjectName pattern) throws IOException, JMException;

  /** Describes an MBean. */
  MBeanInfo info(ObjectName bean) throws IOException, JMException;

  /** Reads several attributes; those that cannot be read are absent. */
  List<Attribute> attributes(ObjectName bean, String[] names) throws IOException, JMException;

  /** Releases the connection. */
  @Override
  void close();
}
