package io.narthex.http;

import java.util.List;
import org.glassfish.jersey.CommonProperties;
import org.glassfish.jersey.server.ResourceConfig;
import org.glassfish.jersey.server.ServerProperties;

/**
 * What Jersey serves: one object for each class with a {@code @Path}. A new endpoint of such a
 * class needs nothing here, a new class a line.
 */
final class Resources {
  private Resources() {}

  private static List<Object> all(Parts p, Accounts a, Pages pages) {
    return List.of(
        new QueryApi(p.services(), p.storage()),
        new ActivityApi(p.services()),
        new QueriesApi(p.services(), p.plugins(), a.gate()),
        new InspectApi(p.services(), p.storage(), p.clock()),
        new SearchApi(p.services(), p.storage()),
        new TargetsApi(p.services(), p.config()),
        new RulesApi(p.services()),
        new StatusApi(p.info(), p.config(), p.storage(), p.services(), p.plugins(), p.clock()),
        new PushApi(p.services(), p.info()),
        new ManagementApi(p.info(), p.control(), p.config()),
        new PluginApi(p.plugins(), a.gate()),
        new PluginSettingsApi(p.services(), p.plugins(), a.gate()),
        new TokenApi(a.tokens(), p.plugins(), a.gate()),
        new SessionApi(a.logins(), a.oidc(), p.info()),
        new OidcApi(a.oidc(), p.info()),
        new DashboardApi(pages.dashboards(), p.plugins(), a.gate()),
        new HistoryApi(pages.history()),
        new UiApi(p.config()),
        new AlertmanagerApi(p.services(), p.info()));
  }

  /** Returns the resources with the mappers of their exceptions. */
  static ResourceConfig of(Parts parts, Accounts accounts, Pages pages) {
    ResourceConfig config = new ResourceConfig();
    config.property(ServerProperties.WADL_FEATURE_DISABLE, true);
    config.property(ServerProperties.BV_FEATURE_DISABLE, true);
    config.property(CommonProperties.FEATURE_AUTO_DISCOVERY_DISABLE, true);
    config.property(CommonProperties.METAINF_SERVICES_LOOKUP_DISABLE, true);
    config.property(ServerProperties.LOCATION_HEADER_RELATIVE_URI_RESOLUTION_DISABLED, true);
    all(parts, accounts, pages).forEach(config::register);
    config.register(new ErrorMappers.All());
    config.register(new ErrorMappers.Io());
    return config;
  }
}
