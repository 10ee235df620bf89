package io.narthex.core.plugin;

import io.narthex.core.host.InstanceProblem;
import io.narthex.core.host.ProviderRegistry;
import io.narthex.core.plugin.jars.Bundles;
import io.narthex.core.plugin.leaks.LeakMeter;
import io.narthex.core.plugin.state.KeptJars;
import io.narthex.core.updates.KernelUpdates;
import io.narthex.service.plugins.PluginProblem;
import io.narthex.service.plugins.PluginService.PluginInfo;
import io.narthex.service.plugins.PluginService.State;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * The plugins as users see them: state, configuration blocks they serve, version for undo, leaks.
 * Takes no lock: a long change, such as a storage that replays its WAL, must not delay the page and
 * the metrics that show it.
 */
final class PluginList {
  private final PluginTable table;
  private final KernelUpdates kernel;
  private final KeptJars jars;
  private final LeakMeter leaks;
  private final Function<ProviderRegistry.Provider, Map<String, InstanceProblem>> instancesOf;

  /**
   * Creates a list.
   *
   * @param instancesOf configuration blocks served by a provider, with their problem
   */
  PluginList(
      PluginTable table,
      KernelUpdates kernel,
      KeptJars jars,
      LeakMeter leaks,
      Function<ProviderRegistry.Provider, Map<String, InstanceProblem>> instancesOf) {
    this.table = table;
    this.kernel = kernel;
    this.jars = jars;
    this.leaks = leaks;
    this.instancesOf = instancesOf;
  }

  /** Returns plugins, files that are not plugins, and bundles of the server, by id. */
  List<PluginInfo> all() {
    List<PluginInfo> out = new ArrayList<>();
    table.all().forEach(p -> out.add(describe(p)));
    table.broken().forEach((file, reason) -> out.add(describeBroken(file, reason)));
    out.addAll(kernel.list());
    out.sort(Comparator.comparing(PluginInfo::id));
    return out;
  }

  private static PluginInfo describeBroken(String file, String reason) {
    return new PluginInfo(
        file,
        file,
        List.of(),
        "",
        reason.isEmpty() ? State.CHECKING : State.FAILED,
        reason.isEmpty() ? "waiting for the copy to finish" : reason,
        "user",
        file,
        "",
        0,
        0,
        List.of(),
        null,
        0,
        "");
  }

  PluginInfo describe(Plugin p) {
    Deployment d = p.deployment;
    List<String> kinds = new ArrayList<>();
    List<String> instances = new ArrayList<>();
    State shown = p.state;
    String reason = p.reason;
    PluginProblem problem = p.problem;
    if (d != null) {
      for (ProviderRegistry.Provider provider : d.providers()) {
        kinds.add(provider.label());
        for (Map.Entry<String, InstanceProblem> e : instancesOf.apply(provider).entrySet()) {
          instances.add(e.getKey());
          if (!e.getValue().isEmpty() && shown == State.RUNNING) {
            shown = State.DEGRADED;
            reason = e.getKey() + ": " + e.getValue().text();
            problem = e.getValue().kind();
          }
        }
      }
    }
    return new PluginInfo(
        p.id,
        d == null ? p.id : d.info.name(),
        kinds,
        p.version,
        shown,
        reason,
        p.source,
        p.fileName,
        p.sha256,
        p.sinceMs,
        d == null ? 0 : d.startedMs,
        instances,
        jars.versionBefore(p.id, p.sha256),
        leaks.alive(p.id),
        d == null ? "" : Bundles.state(d.bundle),
        problem);
  }

  /** Returns whether a deployment is the storage in use, which the server cannot do without. */
  boolean keepsSamples(Deployment deployment) {
    return deployment.providers().stream()
        .anyMatch(
            p -> p.kind() == ProviderRegistry.Kind.STORAGE && !instancesOf.apply(p).isEmpty());
  }
}
