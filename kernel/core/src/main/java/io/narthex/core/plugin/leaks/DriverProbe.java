package io.narthex.core.plugin.leaks;

import java.sql.Driver;
import java.sql.DriverManager;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.Supplier;

/**
 * Lists the JDBC drivers visible to its own class loader. {@link DriverManager} returns only
 * drivers of the caller's class loader, so the leak meter defines this class again in a child of
 * the plugin's loader.
 */
public final class DriverProbe implements Supplier<List<Object>> {
  /** Creates a probe. */
  public DriverProbe() {}

  @Override
  public List<Object> get() {
    List<Object> out = new ArrayList<>();
    for (Driver driver : Collections.list(DriverManager.getDrivers())) {
      out.add(driver);
    }
    return out;
  }
}
