package io.narthex.core.plugin.leaks;

import java.lang.management.ManagementFactory;
import java.sql.Connection;
import java.sql.Driver;
import java.sql.DriverManager;
import java.sql.DriverPropertyInfo;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.util.Properties;
import java.util.Timer;
import java.util.concurrent.CountDownLatch;
import java.util.logging.Logger;
import javax.management.ObjectName;

/** A plugin that leaves everything behind; loaded by a class loader of its own. */
public final class Leaver implements Runnable, LeaverMBean, Driver {
  private final CountDownLatch end = new CountDownLatch(1);
  private final Timer timer = new Timer("leaver timer", true);
  private final Thread thread = new Thread(this::waitForEnd, "leaver thread");

  @Override
  public void run() {
    thread.setDaemon(true);
    thread.start();
    try {
      ManagementFactory.getPlatformMBeanServer()
          .registerMBean(this, new ObjectName("io.acme:type=Leaver"));
      DriverManager.registerDriver(this);
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  private void waitForEnd() {
    try {
      end.await();
    } catch (InterruptedException e) {
      // interrupted to stop
    }
  }

  @Override
  public void cleanUp() throws Exception {
    end.countDown();
    thread.join();
    timer.cancel();
    ManagementFactory.getPlatformMBeanServer()
        .unregisterMBean(new ObjectName("io.acme:type=Leaver"));
    DriverManager.deregisterDriver(this);
  }

  @Override
  @SuppressWarnings("NullAway") // as JDBC has it
  public Connection connect(String url, Properties info) {
    return null;
  }

  @Override
  public boolean acceptsURL(String url) {
    return false;
  }

  @Override
  public DriverPropertyInfo[] getPropertyInfo(String url, Properties info) throws SQLException {
    return new DriverPropertyInfo[0];
  }

  @Override
  public int getMajorVersion() {
    return 1;
  }

  @Override
  public int getMinorVersion() {
    return 0;
  }

  @Override
  public boolean jdbcCompliant() {
    return false;
  }

  @Override
  public Logger getParentLogger() throws SQLFeatureNotSupportedException {
    throw new SQLFeatureNotSupportedException();
  }
}
