package io.narthex.http;

import io.narthex.service.alerts.AlertmanagerService;
import io.narthex.service.plugins.PluginSettingsService;
import io.narthex.service.query.QueryEngine;
import io.narthex.service.query.QueryInspector;
import io.narthex.service.rules.RuleService;
import io.narthex.service.targets.TargetService;
import io.narthex.service.web.WebContent;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The services of bundles that may be replaced while the server runs, as they are now: null when
 * absent. A request that needs an absent one is answered with 503.
 */
final class Services {
  private final Supplier<@Nullable QueryEngine> query;
  private final Supplier<@Nullable TargetService> targets;
  private final Supplier<@Nullable RuleService> rules;
  private final Supplier<@Nullable AlertmanagerService> alerts;
  private final Supplier<@Nullable WebContent> web;
  private final Supplier<@Nullable PluginSettingsService> pluginSettings;

  Services(
      Supplier<@Nullable QueryEngine> query,
      Supplier<@Nullable TargetService> targets,
      Supplier<@Nullable RuleService> rules,
      Supplier<@Nullable AlertmanagerService> alerts,
      Supplier<@Nullable WebContent> web,
      Supplier<@Nullable PluginSettingsService> pluginSettings) {
    this.query = query;
    this.targets = targets;
    this.rules = rules;
    this.alerts = alerts;
    this.web = web;
    this.pluginSettings = pluginSettings;
  }

  @Nullable QueryEngine query() {
    return query.get();
  }

  @Nullable TargetService targets() {
    return targets.get();
  }

  @Nullable RuleService rules() {
    return rules.get();
  }

  @Nullable AlertmanagerService alerts() {
    return alerts.get();
  }

  @Nullable WebContent web() {
    return web.get();
  }

  @Nullable PluginSettingsService pluginSettings() {
    return pluginSettings.get();
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

  /** Returns the part of the query engine that explains queries. */
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
