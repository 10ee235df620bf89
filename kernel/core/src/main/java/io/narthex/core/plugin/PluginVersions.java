package io.narthex.core.plugin;

import io.narthex.core.host.ProviderRegistry.Provider;
import io.narthex.core.plugin.jars.JarFiles;
import io.narthex.core.plugin.jars.JarInspector;
import io.narthex.core.plugin.jars.JarInspector.JarInfo;
import io.narthex.core.plugin.state.KeptJars;
import io.narthex.core.plugin.state.PluginDecisions;
import io.narthex.core.plugin.state.PluginRecords;
import io.narthex.core.updates.KernelUpdates;
import io.narthex.service.plugins.PluginHealth.Calls;
import io.narthex.service.plugins.PluginProblem;
import io.narthex.service.plugins.PluginService.PluginException;
import io.narthex.service.plugins.PluginService.State;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.Version;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * Decides which version of a plugin runs: that of a new file, the one pinned by an undo, the
 * previous one, or, when its file is removed, that of another file.
 *
 * <p><b>Sources.</b> Shipped plugins are in a read-only folder, users' jars in the drop folder. A
 * user's jar takes precedence over a shipped one of the same id; when it is removed, the shipped
 * one runs again.
 *
 * <p><b>Undo.</b> Jars that have run are kept. An undo pins a kept jar: it runs instead of the
 * plugin's file, also after restarts, until another file arrives.
 *
 * <p>Called with {@link PluginTable#changes} held.
 */
final class PluginVersions {
  private static final Logger LOG = LoggerFactory.getLogger(PluginVersions.class);

  private final PluginTable table;
  private final Activation activation;
  private final PluginRecords records;
  private final KernelUpdates kernel;
  private final Probation probation;

  PluginVersions(
      PluginTable table,
      Activation activation,
      PluginRecords records,
      KernelUpdates kernel,
      Probation probation) {
    this.table = table;
    this.activation = activation;
    this.records = records;
    this.kernel = kernel;
    this.probation = probation;
  }

  /**
   * Puts the version in a file into service, or records why it must not run.
   *
   * @param source {@code shipped} or {@code user}
   * @param force whether a lower version may replace a higher one
   * @throws PluginException when it does not work; the previous version still runs then
   */
  Plugin deploy(
      Path file, String fileName, JarInfo info, String source, boolean force, String actor) {
    Plugin plugin = table.get(info.id());
    boolean update = plugin != null && plugin.deployment != null;
    String action = update ? "update" : "install";
    try {
      refuseKernelNames(info);
      table.holds(file, info.id()); // even when it is refused, as it may take over later
      if (plugin != null && update) {
        checkVersion(plugin, file, info, source, force);
      }
      if (plugin == null) {
        plugin = table.add(info.id());
      }
      if (records.decisions().disabled(info.id())) {
        plugin.describe(file, fileName, info, source);
        plugin.enter(State.STOPPED, "stopped by you");
        return plugin;
      }
      Path pinned = pinned(info);
      JarInfo running = pinned == null ? info : KeptJars.inspectKept(pinned);
      activation.trust(info.id(), source.equals("shipped"));
      String held = update ? null : heldBack(running);
      if (held != null) {
        plugin.describe(file, fileName, running, source);
        if (!runPrevious(plugin, "is quarantined: " + held)) {
          CrashedPlugins.enter(plugin, held);
        }
        return plugin;
      }
      if (!update) {
        plugin.describe(file, fileName, info, source);
        plugin.enter(State.STARTING, "");
      }
      Map<String, Calls> before = update && pinned == null ? probation.before(plugin) : null;
      if (pinned == null) {
        activateFile(plugin, file, info, source.equals("shipped"), force);
      } else {
        activate(plugin, running, pinned);
      }
      plugin.describe(file, fileName, running, source);
      if (before != null) {
        probation.began(plugin, before);
      }
      plugin.enter(State.RUNNING, pinned == null ? "" : whyPinned(running));
      records.audit().add(actor, action, info.id(), running.version(), running.sha256(), "ok");
      // shipped ones start every time and are counted at the end of the start
      LOG.atLevel(source.equals("shipped") && !update ? Level.DEBUG : Level.INFO)
          .log(
              "plugin {} {} {} from {}",
              info.id(),
              running.version(),
              update ? "updated" : "started",
              fileName);
      return plugin;
    } catch (PluginException e) {
      String problem = String.valueOf(e.getMessage());
      records.audit().add(actor, action, info.id(), info.version(), info.sha256(), problem);
      if (plugin != null && update) {
        if (Files.exists(file)) {
          refused(plugin, file, fileName, info, problem);
        }
      } else if (plugin != null) {
        plugin.describe(file, fileName, info, source);
        plugin.failed(e.problem(), problem);
        if (Files.exists(file)
            && !records.jars().keeps(info.id(), info.sha256())
            && e.problem() != PluginProblem.TAKEN
            && runPrevious(plugin, "refused: " + problem)) {
          return plugin; // this version has never run; the previous one runs again
        }
      }
      throw e;
    }
  }

  /** Returns why a jar must not be started, or null. */
  private @Nullable String heldBack(JarInfo jar) {
    String held = records.quarantine().reason(jar.id(), jar.sha256());
    if (held != null) {
      return held;
    }
    String died = records.deaths().tooMany(jar.id(), jar.sha256(), jar.version());
    if (died != null) {
      records.quarantine().hold(jar.id(), jar.sha256(), died);
      records.audit().add("server", "quarantine", jar.id(), jar.version(), jar.sha256(), died);
      LOG.error("plugin {} {} is quarantined: {}", jar.id(), jar.version(), died);
    }
    return died;
  }

  /**
   * Handles a refused update. It may have overwritten the file of the version that runs, so that
   * version is pinned to run after the next start, too.
   */
  private void refused(Plugin plugin, Path file, String fileName, JarInfo info, String problem) {
    if (!file.equals(plugin.file)) {
      return; // the file is listed by itself, and that of the running version still exists
    }
    String text = instead(info.version(), fileName, "refused: " + problem, plugin);
    plugin.enter(plugin.state, text);
    String kept = KeptJars.fileName(plugin.version, plugin.sha256);
    if (Files.exists(records.jars().named(plugin.id, kept))) {
      records.decisions().pin(plugin.id, kept, info.sha256(), text);
    }
  }

  private static String instead(String version, String fileName, String why, Plugin plugin) {
    return version
        + " of "
        + fileName
        + " "
        + why
        + "; runs "
        + plugin.version
        + "; `narthex plugin enable "
        + plugin.id
        + "` tries it again";
  }

  /**
   * Runs the previous version instead of the one in the plugin's file, until another jar arrives.
   *
   * @param why what is wrong with the current version
   * @return whether there is one and it works; otherwise nothing has changed
   */
  boolean runPrevious(Plugin plugin, String why) {
    String id = plugin.id;
    Path target = records.jars().before(id, plugin.sha256);
    Path file = plugin.file;
    if (target == null || file == null) {
      return false;
    }
    String failed = plugin.version;
    JarInfo info;
    try {
      info = KeptJars.inspectKept(target);
      if (records.quarantine().reason(id, info.sha256()) != null
          || records.deaths().tooMany(id, info.sha256(), info.version()) != null) {
        return false;
      }
      activation.activate(plugin, info, target);
    } catch (PluginException e) {
      LOG.error(
          "plugin {} {} {}; {} cannot take its place: {}",
          id,
          failed,
          why,
          KeptJars.versionOf(target),
          e.getMessage());
      return false;
    }
    String insteadOf;
    try {
      insteadOf = JarInspector.sha256(file);
    } catch (IOException e) {
      insteadOf = plugin.sha256;
    }
    plugin.version = info.version();
    plugin.sha256 = info.sha256();
    String text = instead(failed, plugin.fileName, why, plugin);
    records.decisions().pin(id, JarFiles.name(target), insteadOf, text);
    plugin.enter(State.RUNNING, text);
    records.audit().add("server", "rollback", id, info.version(), info.sha256(), why);
    LOG.error("plugin {}: {}", id, text);
    return true;
  }

  /** Activates the version in a file: a shipped file itself, or a copy of a user's. */
  private void activateFile(
      Plugin plugin, Path file, JarInfo info, boolean shipped, boolean force) {
    Deployment current = plugin.deployment;
    boolean wasShipped = plugin.source.equals("shipped");
    Consumer<List<Provider>> accept =
        force || current == null || records.jars().keeps(info.id(), info.sha256())
            ? providers -> {}
            : providers -> refuseLessThan(current, wasShipped, info, providers);
    if (shipped) {
      activation.activate(plugin, info, file, file, accept);
      records.quarantine().free(info.id());
      return;
    }
    Path candidate = records.jars().copy(file, info, true);
    try {
      if (current != null && wasShipped) {
        keepShipped(plugin, current.info); // before the user's jar, so that this one is the newest
      }
      activation.activate(plugin, info, candidate, file, accept);
      records.quarantine().free(info.id());
      records.jars().keep(candidate, info);
    } finally {
      KeptJars.delete(candidate);
    }
  }

  /**
   * Keeps copies of shipped plugins that are in use, for undo after the next distribution has
   * replaced their jars. Most shipped plugins are not in use and need no copy.
   */
  void keepShippedInUse() {
    for (Plugin plugin : table.all()) {
      Deployment deployment = plugin.deployment;
      if (deployment == null
          || deployment.isKept
          || !plugin.source.equals("shipped")
          || deployment.providers().stream().noneMatch(probation::isInUse)) {
        continue;
      }
      synchronized (table.changes) {
        if (plugin.deployment == deployment && plugin.source.equals("shipped")) {
          keepShipped(plugin, deployment.info);
          deployment.isKept = true; // even on failure, so that it is not retried all the time
        }
      }
    }
  }

  private void keepShipped(Plugin plugin, JarInfo running) {
    Path file = plugin.file;
    if (file == null || records.jars().isNewest(running)) {
      return;
    }
    try {
      Path copy = records.jars().copy(file, running, true);
      records.jars().keep(copy, running);
      KeptJars.delete(copy);
    } catch (PluginException e) {
      LOG.warn(
          "plugin {} {} cannot be kept for undo: {}", plugin.id, plugin.version, e.getMessage());
    }
  }

  private void activate(Plugin plugin, JarInfo info, Path jar) {
    activation.activate(plugin, info, jar);
    records.quarantine().free(info.id());
  }

  private String whyPinned(JarInfo running) {
    String reason = records.decisions().pinReason(running.id());
    return reason.isEmpty() ? byUndo(running) : reason;
  }

  /** Refuses an update that drops a provider in use. */
  private void refuseLessThan(
      Deployment current, boolean shipped, JarInfo info, List<Provider> next) {
    for (Provider had : current.providers()) {
      boolean has =
          next.stream().anyMatch(p -> p.kind() == had.kind() && p.type().equals(had.type()));
      if (!has && (shipped || probation.isInUse(had))) {
        throw new PluginException(
            info.version()
                + " of "
                + info.id()
                + " does not serve "
                + had.label()
                + ", which the version that runs "
                + (shipped ? "is shipped for" : "serves to blocks in use")
                + "; give the plugin another id, or have an admin install it: narthex plugin"
                + " install --force FILE");
      }
    }
  }

  private static String byUndo(JarInfo running) {
    return "version "
        + running.version()
        + " by undo; its file holds another, which `narthex plugin enable "
        + running.id()
        + "` brings back";
  }

  private void refuseKernelNames(JarInfo info) {
    if (kernel.owns(info.id())) {
      throw new PluginException(
          "\""
              + info.id()
              + "\" is the name of a part of the server, which only an admin updates: narthex"
              + " plugin install FILE; give a plugin another symbolic name");
    }
  }

  private static void checkVersion(
      Plugin plugin, Path file, JarInfo info, String source, boolean force) {
    if (source.equals("shipped") && !force) {
      throw new PluginException(
          "a user's jar of this plugin is in use"); // shipped jars come first; never seen by users
    }
    Path current = plugin.file;
    if (plugin.source.equals("shipped") || file.equals(current) || force) {
      return; // a user's jar overrides a shipped one; the same file rewritten is intended
    }
    if (current != null && !Files.exists(current)) {
      return; // the previous file was removed, this one replaces it
    }
    int order =
        Version.parseVersion(info.version()).compareTo(Version.parseVersion(plugin.version));
    if (order == 0) {
      throw new PluginException(
          "version "
              + info.version()
              + " of "
              + info.id()
              + " runs already, from "
              + plugin.fileName
              + ", with another content; raise the version, overwrite that file, or use narthex"
              + " plugin install --force");
    }
    if (order < 0) {
      throw new PluginException(
          "version "
              + plugin.version
              + " of "
              + info.id()
              + " runs already, got the older "
              + info.version()
              + "; to go back, overwrite the file that runs or use narthex plugin install --force");
    }
  }

  /** Returns the kept jar that runs instead of this one, or null; another jar ends a pin. */
  private @Nullable Path pinned(JarInfo info) {
    PluginDecisions decisions = records.decisions();
    String pin = decisions.pin(info.id());
    if (pin.isEmpty()) {
      return null;
    }
    Path file = records.jars().named(info.id(), pin);
    if (decisions.pinnedInsteadOf(info.id()).equals(info.sha256()) && Files.exists(file)) {
      return file;
    }
    decisions.unpin(info.id());
    return null;
  }

  /**
   * Rolls back to the version that ran before, and pins it.
   *
   * @throws PluginException when there is none or it does not work; the version that ran still runs
   *     then
   */
  void rollBack(Plugin plugin, String actor) {
    String id = plugin.id;
    Path target = records.jars().before(id, plugin.sha256);
    if (target == null) {
      throw new PluginException("there is no earlier version of " + id + " to go back to");
    }
    Path file = plugin.file;
    if (records.decisions().disabled(id) || file == null) {
      throw new PluginException(id + " is stopped; enable it first");
    }
    JarInfo info = KeptJars.inspectKept(target);
    String insteadOf;
    try {
      insteadOf = JarInspector.sha256(file);
      activate(plugin, info, target);
    } catch (PluginException e) {
      records
          .audit()
          .add(
              actor, "rollback", id, info.version(), info.sha256(), String.valueOf(e.getMessage()));
      throw e;
    } catch (IOException e) {
      throw new PluginException(file + " cannot be read: " + e.getMessage());
    }
    plugin.version = info.version();
    plugin.sha256 = info.sha256();
    records.decisions().pin(id, JarFiles.name(target), insteadOf, "");
    plugin.enter(State.RUNNING, byUndo(info));
    records.audit().add(actor, "rollback", id, info.version(), info.sha256(), "ok");
  }

  /**
   * Takes a plugin whose file was removed out of service. Another file of the same id takes over
   * without a gap: one in the drop folder, else the shipped one.
   */
  void takeAway(Plugin plugin, String actor) {
    String version = plugin.version;
    String sha256 = plugin.sha256;
    List<Path> others = table.otherFiles(plugin);
    plugin.source = "shipped"; // any other file may take over now
    for (Path other : others) {
      String source = other.startsWith(table.dropFolder()) ? "user" : "shipped";
      try {
        JarInfo info = records.jars().inspectCopy(other, JarFiles.name(other));
        if (info.id().equals(plugin.id)) {
          deploy(other, JarFiles.name(other), info, source, true, actor);
          table.notBroken(other); // it is no longer refused
          records.audit().add(actor, "remove", plugin.id, version, sha256, "ok");
          return;
        }
      } catch (PluginException e) {
        LOG.warn("plugins: {} cannot take over: {}", JarFiles.name(other), e.getMessage());
      }
    }
    activation.deactivate(plugin); // first, as it may be refused
    table.remove(plugin.id);
    activation.forget(plugin.id);
    records.audit().add(actor, "remove", plugin.id, version, sha256, "ok");
    LOG.info("plugin {} {} removed", plugin.id, version);
    retryFailed(plugin.id);
  }

  /** Retries plugins that failed because another served their type. */
  void retryFailed(String notThis) {
    for (Plugin plugin : List.copyOf(table.all())) {
      Path file = plugin.file;
      if (file != null
          && plugin.canBeTriedAgain()
          && !plugin.id.equals(notThis)
          && plugin.problem == PluginProblem.TAKEN) {
        try {
          JarInfo info = records.jars().inspectCopy(file, plugin.fileName);
          deploy(file, plugin.fileName, info, plugin.source, false, "retry");
        } catch (PluginException e) {
          LOG.debug("plugins: {}: {}", plugin.fileName, e.getMessage());
        }
      }
    }
  }
}
