package io.narthex.core.plugin;

import io.narthex.core.plugin.jars.JarFiles;
import io.narthex.core.plugin.jars.JarInspector;
import io.narthex.core.plugin.jars.JarInspector.JarInfo;
import io.narthex.core.plugin.state.KeptJars;
import io.narthex.core.plugin.state.PluginDecisions;
import io.narthex.core.plugin.state.PluginRecords;
import io.narthex.core.updates.KernelUpdates;
import io.narthex.service.plugins.PluginProblem;
import io.narthex.service.plugins.PluginService.PluginException;
import io.narthex.service.plugins.PluginService.PluginInfo;
import io.narthex.service.plugins.PluginService.State;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Carries out what users order: install, remove, enable, disable, roll back, forget. Orders for
 * bundles of the server are passed on. Every method that changes something takes {@link
 * PluginTable#changes}.
 */
final class PluginOrders {
  private final PluginTable table;
  private final PluginVersions versions;
  private final Activation activation;
  private final PluginList list;
  private final PluginRecords records;
  private final KernelUpdates kernel;

  PluginOrders(
      PluginTable table,
      PluginVersions versions,
      Activation activation,
      PluginList list,
      PluginRecords records,
      KernelUpdates kernel) {
    this.table = table;
    this.versions = versions;
    this.activation = activation;
    this.list = list;
    this.records = records;
    this.kernel = kernel;
  }

  private Plugin required(String id) {
    if (kernel.owns(id)) {
      throw KernelUpdates.noSwitch(id);
    }
    Plugin plugin = table.get(id);
    if (plugin == null) {
      throw new PluginException(
          "there is no plugin \"" + id + "\" that can be changed; see the list of plugins");
    }
    return plugin;
  }

  PluginInfo install(String fileName, InputStream jar, boolean force, String actor)
      throws IOException {
    if (!fileName.matches("[A-Za-z0-9._+-]+\\.jar")) {
      throw new PluginException(
          "the file name must be a plain name that ends in .jar, got \"" + fileName + "\"");
    }
    Path partial = Files.createTempFile(records.jars().work(), "upload", ".jar");
    try {
      Files.copy(jar, partial, StandardCopyOption.REPLACE_EXISTING);
      synchronized (table.changes) {
        JarInfo info = JarInspector.inspect(partial, fileName);
        return kernel.owns(info.id())
            ? kernel.install(partial, info, force, actor)
            : install(fileName, partial, info, force, actor);
      }
    } finally {
      Files.deleteIfExists(partial);
    }
  }

  private PluginInfo install(
      String fileName, Path partial, JarInfo info, boolean force, String actor) throws IOException {
    Plugin known = table.get(info.id());
    Path target = table.dropFolder().resolve(fileName);
    String holder = table.idOf(target);
    if (holder != null && !holder.equals(info.id())) {
      throw new PluginException(
          fileName + ": is the file of plugin " + holder + "; give the jar another name");
    }
    Path current = known == null ? null : known.file;
    if (known != null && current != null && current.startsWith(table.dropFolder())) {
      target = current; // an update overwrites the file it updates
      if (known.sha256.equals(info.sha256()) && known.deployment != null) {
        throw new PluginException("this very jar of " + info.id() + " runs already");
      }
    }
    Files.createDirectories(table.dropFolder());
    String name = JarFiles.name(target);
    Path hidden = table.dropFolder().resolve("." + name + ".tmp");
    Plugin plugin;
    try {
      // first, so that a full disk is noticed before anything has changed
      Files.copy(partial, hidden, StandardCopyOption.REPLACE_EXISTING);
      plugin = deployUpload(partial, name, info, force, actor, known);
      Files.move(
          hidden, target, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(hidden);
    }
    table.notBroken(target);
    table.holds(target, info.id());
    plugin.file = target;
    return list.describe(plugin);
  }

  /** Deploys an uploaded jar; when that fails, the list of plugins is unchanged. */
  private Plugin deployUpload(
      Path jar,
      String fileName,
      JarInfo info,
      boolean force,
      String actor,
      @Nullable Plugin known) {
    Path file = known == null ? null : known.file;
    String name = known == null ? "" : known.fileName;
    String source = known == null ? "" : known.source;
    String version = known == null ? "" : known.version;
    String sha256 = known == null ? "" : known.sha256;
    State before = known == null ? State.WAITING : known.state;
    String reason = known == null ? "" : known.reason;
    PluginProblem problem = known == null ? null : known.problem;
    try {
      return versions.deploy(jar, fileName, info, "user", force, actor);
    } catch (PluginException e) {
      if (known == null) {
        table.remove(info.id());
        activation.forget(info.id());
      } else if (known.deployment == null) {
        known.file = file;
        known.fileName = name;
        known.source = source;
        known.version = version;
        known.sha256 = sha256;
        known.enter(before, reason, problem);
      }
      throw e;
    } finally {
      table.forget(jar);
    }
  }

  void remove(String id, String actor) {
    synchronized (table.changes) {
      if (kernel.owns(id)) {
        kernel.remove(id, actor);
        return;
      }
      Plugin plugin = required(id);
      Path file = plugin.file;
      if (file == null || !file.startsWith(table.dropFolder())) {
        throw new PluginException(
            id + " is shipped with the server; use disable instead of remove");
      }
      try {
        Files.deleteIfExists(file);
      } catch (IOException e) {
        throw new PluginException(file + " cannot be deleted: " + e.getMessage());
      }
      table.forget(file);
      versions.takeAway(plugin, actor);
    }
  }

  PluginInfo enable(String id, String actor) {
    synchronized (table.changes) {
      Plugin plugin = required(id);
      records.decisions().disabled(id, false);
      records.quarantine().free(id);
      records.deaths().free(id);
      boolean undone = plugin.deployment != null && !records.decisions().pin(id).isEmpty();
      boolean again = undone || !records.decisions().pinReason(id).isEmpty();
      if (again) {
        records
            .decisions()
            .unpin(id); // the user wants the version that an undo or the server replaced
      }
      records.audit().add(actor, "enable", id, plugin.version, plugin.sha256, "ok");
      Path file = Objects.requireNonNull(plugin.file);
      if (plugin.deployment == null || again) {
        JarInfo info = records.jars().inspectCopy(file, plugin.fileName);
        versions.deploy(file, plugin.fileName, info, plugin.source, true, actor);
      }
      return list.describe(plugin);
    }
  }

  PluginInfo disable(String id, String actor) {
    synchronized (table.changes) {
      Plugin plugin = required(id);
      Deployment deployment = plugin.deployment;
      if (deployment != null && list.keepsSamples(deployment)) {
        throw new PluginException(
            id + " keeps the samples of this server, which cannot work without; update it instead");
      }
      activation.deactivate(plugin); // first, as it may be refused
      records.decisions().disabled(id, true);
      plugin.enter(State.STOPPED, "stopped by you");
      records.audit().add(actor, "disable", id, plugin.version, plugin.sha256, "ok");
      return list.describe(plugin);
    }
  }

  PluginInfo rollback(String id, String actor) {
    synchronized (table.changes) {
      if (kernel.owns(id)) {
        return kernel.rollback(id, actor);
      }
      Plugin plugin = required(id);
      versions.rollBack(plugin, actor);
      return list.describe(plugin);
    }
  }

  /** Returns what users decided about plugins that are not installed, by id. */
  Map<String, List<String>> decisionsOfAbsent() {
    PluginDecisions decisions = records.decisions();
    Map<String, List<String>> out = new LinkedHashMap<>();
    for (String id : decisions.ids()) { // without the lock: a change may take long
      if (table.get(id) == null) {
        List<String> made = new ArrayList<>();
        if (decisions.disabled(id)) {
          made.add("stopped by you");
        }
        String pin = decisions.pin(id);
        if (!pin.isEmpty()) {
          made.add("version " + KeptJars.versionOf(Path.of(pin)) + " by undo");
        }
        out.put(id, made);
      }
    }
    return out;
  }

  /** Deletes decisions about a plugin that is not installed, and its kept jars. */
  void forget(String id, String actor) {
    synchronized (table.changes) {
      if (table.get(id) != null) {
        throw new PluginException(id + " is installed; remove it first");
      }
      records.decisions().disabled(id, false);
      records.decisions().unpin(id);
      records.quarantine().free(id);
      try {
        records.jars().forget(id);
      } catch (IOException e) {
        throw new PluginException("kept versions of " + id + " cannot be deleted: " + e);
      }
      records.audit().add(actor, "forget", id, "", "", "ok");
    }
  }
}
