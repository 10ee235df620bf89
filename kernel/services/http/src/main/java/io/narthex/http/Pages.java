package io.narthex.http;

import io.narthex.http.pages.DashboardStore;
import io.narthex.http.pages.QueryHistory;
import java.nio.file.Path;

/** What the pages keep on the server. */
record Pages(DashboardStore dashboards, QueryHistory history) {
  /**
   * Creates them.
   *
   * @param home folder of the distribution
   */
  static Pages of(Parts parts, Path home) {
    Path state = parts.info().stateDirectory();
    return new Pages(
        new DashboardStore(
            home.resolve("lib/dashboards"),
            state.resolve("dashboards"),
            () -> parts.config().current().dashboards(),
            parts.clock()),
        new QueryHistory(state.resolve("history"), parts.clock()));
  }
}
