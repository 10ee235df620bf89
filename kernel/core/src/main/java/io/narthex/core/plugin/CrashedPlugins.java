package io.narthex.core.plugin;

import io.narthex.core.host.GuardLimits;
import io.narthex.core.host.ProviderRegistry.Provider;
import io.narthex.core.plugin.state.PluginRecords;
import io.narthex.service.plugins.PluginProblem;
import io.narthex.service.plugins.PluginService.State;
import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Handles plugins that crash: failed starts are retried after pauses; plugins that fail repeatedly
 * are stopped until the user or another jar frees them.
 */
final class CrashedPlugins {
  private static final Logger LOG = LoggerFactory.getLogger(CrashedPlugins.class);
  private static final String HOW_FREED = "; `narthex plugin enable` or another jar frees it";

  private final PluginTable table;
  private final Activation activation;
  private final PluginVersions versions;
  private final PluginList list;
  private final PluginRecords records;
  private final GuardLimits limits;
  private final ScheduledExecutorService later;

  /**
   * Creates one.
   *
   * @param later runs the retries
   */
  CrashedPlugins(
      PluginTable table,
      Activation activation,
      PluginVersions versions,
      PluginList list,
      PluginRecords records,
      GuardLimits limits,
      ScheduledExecutorService later) {
    this.table = table;
    this.activation = activation;
    this.versions = versions;
    this.list = list;
    this.records = records;
    this.limits = limits;
    this.later = later;
  }

  /**
   * Stops a plugin that crashes repeatedly. Called without the lock, so another version may run by
   * now, which is not to blame.
   */
  void stop(Provider crashed, String reason) {
    synchronized (table.changes) {
      Plugin plugin = table.get(crashed.pluginId());
      Deployment deployment = plugin == null ? null : plugin.deployment;
      if (plugin == null
          || deployment == null
          || deployment.providers().stream().noneMatch(p -> p.service() == crashed.service())
          || list.keepsSamples(deployment)) {
        return;
      }
      String version = plugin.version;
      String sha256 = plugin.sha256;
      if (versions.runPrevious(plugin, "is quarantined: " + reason)) {
        keepOut(plugin.id, version, sha256, reason);
        return;
      }
      activation.deactivate(plugin);
      hold(plugin, reason);
    }
  }

  private void hold(Plugin plugin, String reason) {
    keepOut(plugin.id, plugin.version, plugin.sha256, reason);
    if (plugin.deployment != null || !versions.runPrevious(plugin, "is quarantined: " + reason)) {
      enter(plugin, reason);
    }
  }

  private void keepOut(String id, String version, String sha256, String reason) {
    records.quarantine().hold(id, sha256, reason);
    records.audit().add("server", "quarantine", id, version, sha256, reason);
    LOG.error("plugin {} {} is quarantined: {}", id, version, reason);
  }

  /** Marks a plugin as quarantined. */
  static void enter(Plugin plugin, String reason) {
    plugin.enter(State.QUARANTINED, reason + HOW_FREED, PluginProblem.CRASHED);
  }

  /**
   * Schedules a retry after a failed start, or quarantines the plugin after too many. Called with
   * the lock held.
   *
   * @param again retries; called with the lock held if nothing has changed in the meantime
   */
  void startFailed(Plugin plugin, Runnable again) {
    String problem = plugin.reason;
    if (plugin.state != State.FAILED || plugin.problem != PluginProblem.CRASHED) {
      return;
    }
    int failures = records.quarantine().startFailed(plugin.id, plugin.sha256);
    if (failures >= limits.starts()) {
      hold(plugin, failures + " starts failed in a row, last: " + problem);
      return;
    }
    Duration pause = limits.pauseAfter(failures);
    plugin.failed(
        PluginProblem.CRASHED, problem + "; tries again in " + pause.toMillis() / 1000.0 + " s");
    String failed = plugin.sha256;
    try {
      var _ =
          later.schedule(
              () -> startAgain(plugin, failed, again), pause.toMillis(), TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException e) {
      LOG.debug("plugin {} is not retried: the server is stopping", plugin.id);
    }
  }

  private void startAgain(Plugin plugin, String sha256, Runnable again) {
    synchronized (table.changes) {
      if (table.get(plugin.id) == plugin
          && plugin.sha256.equals(sha256)
          && plugin.canBeTriedAgain()) {
        again.run();
      }
    }
  }
}
