package io.narthex.exporter.jvm.jmx;

import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.Set;
import javax.management.Attribute;
import javax.management.JMException;
import javax.management.MBeanInfo;
import javax.management.MBeanServer;
import javax.management.ObjectName;

/** The MBeans of this JVM. */
public final class OwnBeans implements Beans {
  private final MBeanServer server = ManagementFactory.getPlatformMBeanServer();

  @Override
  public Set<ObjectName> names(ObjectName pattern) {
    return server.queryNames(pattern, null);
  }

  @Override
  public MBeanInfo info(ObjectName bean) throws JMException {
    return server.getMBeanInfo(bean);
  }

  @Override
  public List<Attribute> attributes(ObjectName bean, String[] names) throws JMException {
    return server.getAttributes(bean, names).asList();
  }

  @Override
  public void close() {}
}
