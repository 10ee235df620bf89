package io.narthex.core.plugin;

import io.narthex.core.host.GuardLimits;
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
 * Watches updates for a while after they have taken over. One that fails goes back to the version
 * before it by itself.
 *
 * <p><b>Failing</b> is, for any operation: as many calls as open a circuit threw, did not come back
 * in time or were not made because of those, since the update, and they are at least half of all;
 * and for a discovery: it has delivered nothing by the end of the probation where the version
 * before had.
 *
 * <p>No update of a plugin that was in trouble before is watched: the cause is likely to be the
 * same, and the version before is no better.
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
   * Returns the statistics to compare with, or null when the update that is about to be made is not
   * to be watched.
   */
  @Nullable Map<String, Calls> before(Plugin plugin) {
    Deployment deployment = plugin.deployment;
    boolean watched =
        deployment != null
            && !limits.probation().isZero()
            && deployment.providers().stream()
                .allMatch(p -> use.instances(p).values().stream().allMatch(String::isEmpty));
    return watched ? calls(plugin.id) : null;
  }

  /**
   * An update has taken over.
   *
   * @param before what {@link #before} returned when it had not yet
   */
  void began(Plugin plugin, Map<String, Calls> before) {
    Deployment deployment = plugin.deployment;
    trials.removeIf(t -> t.plugin() == plugin);
    if (deployment != null) {
      trials.add(
          new Trial(plugin, deployment, System.nanoTime() + limits.probation().toNanos(), before));
    }
  }

  /** Tells whether configuration blocks use a provider. */
  boolean isInUse(Provider provider) {
    return !use.instances(provider).isEmpty();
  }

  private Map<String, Calls> calls(String id) {
    Map<String, Calls> out = new HashMap<>();
    guard.metrics().calls(id).forEach(c -> out.put(c.kind() + " " + c.operation(), c));
    return out;
  }

  /**
   * Looks at the updates under watch. Called by one thread, several times a second.
   *
   * @param goBack puts the version before back, for a reason; called with {@link
   *     PluginTable#changes} held
   */
  void check(long nowNanos, BiPredicate<Plugin, String> goBack) {
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
          if (plugin.deployment == trial.deployment() && !goBack.test(plugin, problem)) {
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
      if (timeouts > 0) { // what was not called since was left out for that
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
