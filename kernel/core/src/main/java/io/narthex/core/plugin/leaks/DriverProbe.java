package io.narthex.core.plugin.leaks;

import java.sql.Driver;
import java.sql.DriverManager;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.Supplier;

/**
 * Lists the JDBC drivers that its own class loader can see. {@link DriverManager} shows a caller
 * only drivers of the caller's class loader, so the leak meter defines this class once more in a
 * loader below the plugin's.
 */
public final class DriverProbe implements Supplier<List<Object>> {
  /** Creates one. */
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
