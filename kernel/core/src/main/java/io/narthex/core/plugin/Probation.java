package io.narthex.core.plugin;

import io.narthex.core.host.GuardLimits;
import io.narthex.core.host.InstanceProblem;
import io.narthex.core.host.PluginGuard;
import io.narthex.core.host.ProviderRegistry.Provider;
import io.narthex.service.plugins.PluginHealth.Calls;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BiPredicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Watches updates for a while after they have taken over, and rolls back those that fail.
 *
 * <p><b>Failing</b> means, for any operation: since the update, as many calls as open a circuit
 * threw, timed out, or were rejected after timeouts, and these are at least half of all; and for a
 * discovery: it has delivered nothing by the end of the probation although the previous version
 * had.
 *
 * <p>An update of a plugin that already had problems is not watched: the cause is likely the same,
 * and the previous version is no better.
 */
final class Probation {
  private static final Logger LOG = LoggerFactory.getLogger(Probation.class);

  /** An update under watch. */
  private record Trial(
      Plugin plugin, Deployment deployment, long untilNanos, Map<String, Calls> before) {}

  private final PluginTable table;
  private final PluginGuard guard;
  private final PluginUse use;
  private final GuardLimits limits;
  private final List<Trial> trials = new CopyOnWriteArrayList<>();

  Probation(PluginTable table, PluginGuard guard, PluginUse use) {
    this.table = table;
    this.guard = guard;
    this.use = use;
    limits = guard.limits();
  }

  /**
   * Returns the statistics before an update, to compare with, or null when the update is not to be
   * watched.
   */
  @Nullable Map<String, Calls> before(Plugin plugin) {
    Deployment deployment = plugin.deployment;
    boolean watched =
        deployment != null
            && !limits.probation().isZero()
            && deployment.providers().stream()
                .allMatch(
                    p -> use.instances(p).values().stream().allMatch(InstanceProblem::isEmpty));
    return watched ? calls(plugin.id) : null;
  }

  /**
   * Starts watching an update that has taken over.
   *
   * @param before what {@link #before} returned
   */
  void began(Plugin plugin, Map<String, Calls> before) {
    Deployment deployment = plugin.deployment;
    trials.removeIf(t -> t.plugin() == plugin);
    if (deployment != null) {
      trials.add(
          new Trial(plugin, deployment, System.nanoTime() + limits.probation().toNanos(), before));
    }
  }

  /** Returns whether configuration blocks use a provider. */
  boolean isInUse(Provider provider) {
    return !use.instances(provider).isEmpty();
  }

  private Map<String, Calls> calls(String id) {
    Map<String, Calls> out = new HashMap<>();
    guard.metrics().calls(id).forEach(c -> out.put(c.kind() + " " + c.operation(), c));
    return out;
  }

  /**
   * Checks the watched updates. Called by one thread, several times a second.
   *
   * @param rollBack runs the previous version again, for a reason; called with {@link
   *     PluginTable#changes} held
   */
  void check(long nowNanos, BiPredicate<Plugin, String> rollBack) {
    for (Trial trial : trials) {
      boolean over = nowNanos - trial.untilNanos() >= 0;
      String problem = failing(trial);
      if (problem == null && over) {
        problem = silent(trial);
      }
      if (over || problem != null || trial.plugin().deployment != trial.deployment()) {
        trials.remove(trial);
      }
      if (problem != null) {
        synchronized (table.changes) {
          Plugin plugin = trial.plugin();
          if (plugin.deployment == trial.deployment() && !rollBack.test(plugin, problem)) {
            LOG.error("plugin {} {} {}", plugin.id, plugin.version, problem);
          }
        }
      }
    }
  }

  private @Nullable String failing(Trial trial) {
    for (Map.Entry<String, Calls> e : calls(trial.plugin().id).entrySet()) {
      Calls now = e.getValue();
      Calls before = trial.before().get(e.getKey());
      long exceptions = now.exceptions() - (before == null ? 0 : before.exceptions());
      long timeouts = now.timeouts() - (before == null ? 0 : before.timeouts());
      long all = now.calls() - (before == null ? 0 : before.calls());
      if (timeouts > 0) { // calls were rejected because of the timeouts
        long rejected = now.rejected() - (before == null ? 0 : before.rejected());
        timeouts += rejected;
        all += rejected;
      }
      long failed = exceptions + timeouts;
      if (failed >= limits.failures() && 2 * failed >= all) {
        return "failed after the update: "
            + failed
            + " of "
            + all
            + " calls of "
            + e.getKey()
            + " failed, "
            + timeouts
            + " of them by taking too long";
      }
    }
    return null;
  }

  private @Nullable String silent(Trial trial) {
    for (Provider provider : trial.deployment().providers()) {
      List<String> silent = use.silent(provider);
      if (!silent.isEmpty()) {
        return "failed after the update: "
            + String.join(", ", silent)
            + " has found nothing within "
            + limits.probation().toMillis() / 1000.0
            + " s";
      }
    }
    return null;
  }
}
