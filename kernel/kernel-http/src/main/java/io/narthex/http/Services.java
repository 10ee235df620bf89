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
 * The services of bundles that may come and go while the server runs. Each field is written by the
 * component's bind methods and read by requests; a request that finds none answers 503.
 */
final class Services {
  volatile @Nullable QueryEngine query;
  volatile @Nullable TargetService targets;
  volatile @Nullable RuleService rules;
  volatile @Nullable AlertmanagerService alerts;
  volatile @Nullable WebContent web;
  volatile @Nullable PluginSettingsService pluginSettings;

  /** Returns the query engine. */
  QueryEngine engine() {
    QueryEngine found = query;
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
    AlertmanagerService found = alerts;
    if (found == null) {
      throw new ApiException(
          ApiError.UNAVAILABLE_503, "alerting is not running; see the plugins page");
    }
    return found;
  }
}
