package io.narthex.http;

import io.narthex.model.Labels;
import io.narthex.model.MetricMetadata;
import io.narthex.service.alerts.AlertmanagerService;
import io.narthex.service.config.ConfigService;
import io.narthex.service.plugins.PluginService;
import io.narthex.service.plugins.PluginSettingsService;
import io.narthex.service.push.PushgatewayService;
import io.narthex.service.query.EmptyResultExplainer;
import io.narthex.service.query.QueryActivity;
import io.narthex.service.query.QueryEngine;
import io.narthex.service.query.QueryInspector;
import io.narthex.service.rules.RuleService;
import io.narthex.service.storage.StorageGate;
import io.narthex.service.targets.TargetService;
import io.narthex.service.web.WebContent;
import io.narthex.spi.storage.MetadataStorage;
import io.narthex.spi.storage.StorageException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The services of bundles that may be replaced while the server runs, as they are now. A request
 * that needs an absent one is answered with 503.
 */
final class Services {
  private final Supplier<@Nullable QueryEngine> query;
  private final Supplier<@Nullable TargetService> targets;
  private final Supplier<@Nullable RuleService> rules;
  private final Supplier<@Nullable AlertmanagerService> alerts;
  private final Supplier<@Nullable WebContent> web;
  private final Supplier<@Nullable PluginSettingsService> pluginSettings;
  private final Supplier<@Nullable PushgatewayService> push;
  private final WrittenMetadata written =
      new WrittenMetadata(Math.min(16 << 20, Runtime.getRuntime().maxMemory() / 64));

  Services(
      Supplier<@Nullable QueryEngine> query,
      Supplier<@Nullable TargetService> targets,
      Supplier<@Nullable RuleService> rules,
      Supplier<@Nullable AlertmanagerService> alerts,
      Supplier<@Nullable WebContent> web,
      Supplier<@Nullable PluginSettingsService> pluginSettings,
      Supplier<@Nullable PushgatewayService> push) {
    this.query = query;
    this.targets = targets;
    this.rules = rules;
    this.alerts = alerts;
    this.web = web;
    this.pluginSettings = pluginSettings;
    this.push = push;
  }

  private static <T> T running(@Nullable T service, String otherwise) {
    if (service == null) {
      throw new ApiException(ApiError.UNAVAILABLE_503, otherwise);
    }
    return service;
  }

  QueryEngine engine() {
    return running(query.get(), "the query engine is not running; see the plugins page");
  }

  /** Returns the part of the query engine that explains queries. */
  QueryInspector inspector() {
    return running(
        engine() instanceof QueryInspector inspector ? inspector : null,
        "the query engine that runs cannot explain queries");
  }

  /** Returns the part of the query engine that lists queries. */
  QueryActivity activity() {
    return running(
        engine() instanceof QueryActivity activity ? activity : null,
        "the query engine that runs cannot list queries");
  }

  /** Returns the part of the query engine that says why a result is empty. */
  EmptyResultExplainer emptyResults() {
    return running(
        engine() instanceof EmptyResultExplainer explainer ? explainer : null,
        "the query engine that runs cannot say why a result is empty");
  }

  TargetService targets() {
    return running(targets.get(), "scraping is not running; see the plugins page");
  }

  /** Returns the metadata of all targets, then that of remote write, which has no target. */
  List<TargetService.TargetMetadata> metadata() {
    TargetService found = targets.get();
    List<TargetService.TargetMetadata> all =
        new ArrayList<>(found == null ? List.of() : found.metadata());
    all.add(new TargetService.TargetMetadata(Labels.EMPTY, written.all()));
    return all;
  }

  /** Returns one entry for each family: of targets, of senders, and else what the storage keeps. */
  Map<String, MetricMetadata> metadataByName(StorageGate storage) {
    Map<String, MetricMetadata> byName = new HashMap<>();
    for (TargetService.TargetMetadata target : metadata()) {
      target.families().forEach(m -> byName.putIfAbsent(m.name(), m));
    }
    try {
      MetadataStorage keeping = storage.capability(MetadataStorage.class);
      if (keeping != null) {
        keeping.metadata("", 0).forEach(m -> byName.putIfAbsent(m.name(), m));
      }
    } catch (StorageException e) {
      return byName; // that of targets is there while the storage is replaced, too
    }
    return byName;
  }

  /** Returns the metadata that senders of remote write give. */
  WrittenMetadata written() {
    return written;
  }

  RuleService rules() {
    return running(rules.get(), "the rules are not running; see the plugins page");
  }

  AlertmanagerService alertmanager() {
    return running(alerts.get(), "alerting is not running; see the plugins page");
  }

  /** Returns where the state of pages is read. */
  LiveState.Sources live(ConfigService config, PluginService plugins) {
    return new LiveState.Sources() {
      @Override
      public @Nullable TargetService targets() {
        return targets.get();
      }

      @Override
      public @Nullable RuleService rules() {
        return rules.get();
      }

      @Override
      public @Nullable AlertmanagerService alerts() {
        return alerts.get();
      }

      @Override
      public ConfigService config() {
        return config;
      }

      @Override
      public PluginService plugins() {
        return plugins;
      }
    };
  }

  PluginSettingsService pluginSettings() {
    return running(pluginSettings.get(), "the server is starting");
  }

  /** Returns the Pushgateway, or null. */
  @Nullable PushgatewayService push() {
    return push.get();
  }

  @Nullable WebContent web() {
    return web.get();
  }
}
