package io.narthex.http;

import io.narthex.service.alerts.AlertmanagerService;
import io.narthex.service.plugins.PluginSettingsService;
import io.narthex.service.query.QueryEngine;
import io.narthex.service.query.QueryInspector;
import io.narthex.service.rules.RuleService;
import io.narthex.service.targets.TargetService;
import io.narthex.service.web.WebContent;
import org.jspecify.annotations.Nullable;

/**
 * The services of bundles that may come and go while the server runs, as the component has them
 * now: null when there is none. A request that needs one that is not there answers 503.
 */
final class Services {
  private final HttpServer server;

  Services(HttpServer server) {
    this.server = server;
  }

  @Nullable QueryEngine query() {
    return server.query;
  }

  @Nullable TargetService targets() {
    return server.targets;
  }

  @Nullable RuleService rules() {
    return server.rules;
  }

  @Nullable AlertmanagerService alerts() {
    return server.alerts;
  }

  @Nullable WebContent web() {
    return server.web;
  }

  @Nullable PluginSettingsService pluginSettings() {
    return server.pluginSettings;
  }

  /** Returns the query engine. */
  QueryEngine engine() {
    QueryEngine found = query();
    if (found == null) {
      throw new ApiException(
          ApiError.UNAVAILABLE_503, "the query engine is not running; see the plugins page");
    }
    return found;
  }

  /** Returns what tells about queries. */
  QueryInspector inspector() {
    if (engine() instanceof QueryInspector inspector) {
      return inspector;
    }
    throw new ApiException(
        ApiError.UNAVAILABLE_503, "the query engine that runs cannot explain queries");
  }

  /** Returns the alertmanager. */
  AlertmanagerService alertmanager() {
    AlertmanagerService found = alerts();
    if (found == null) {
      throw new ApiException(
          ApiError.UNAVAILABLE_503, "alerting is not running; see the plugins page");
    }
    return found;
  }
}
