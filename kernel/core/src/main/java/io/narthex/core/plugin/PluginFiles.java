package io.narthex.core.plugin;

import io.narthex.core.plugin.jars.JarFiles;
import io.narthex.core.plugin.jars.JarInspector;
import io.narthex.core.plugin.jars.JarInspector.JarInfo;
import io.narthex.core.plugin.state.KeptJars;
import io.narthex.core.plugin.state.PluginDecisions;
import io.narthex.core.plugin.state.PluginRecords;
import io.narthex.core.updates.BootWatch;
import io.narthex.service.plugins.PluginProblem;
import io.narthex.service.plugins.PluginService.PluginException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.zip.ZipFile;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Deploys plugins from files: shipped ones at the start, users' as they appear in and vanish from
 * the drop folder.
 */
final class PluginFiles implements DropFolder.Listener {
  private static final Logger LOG = LoggerFactory.getLogger(PluginFiles.class);

  private final PluginTable table;
  private final PluginVersions versions;
  private final CrashedPlugins crashed;
  private final PluginRecords records;
  private static final long SLOW_SCAN_NANOS = 60_000_000_000L;

  private final DropFolder watcher;
  private volatile long scanned = System.nanoTime();
  private volatile long scanning; // when the running scan began; 0: none runs
  private long slow; // when the scan began that was reported as slow
  private final String fileMissing;

  PluginFiles(
      PluginTable table,
      PluginVersions versions,
      CrashedPlugins crashed,
      PluginRecords records,
      FolderPace pace) {
    this.table = table;
    this.versions = versions;
    this.crashed = crashed;
    this.records = records;
    watcher = new DropFolder(table.dropFolder(), pace, this);
    Duration grace = pace.grace();
    fileMissing =
        "its file was deleted; it stops in "
            + (grace.toMillis() % 1000 == 0 ? "" + grace.toSeconds() : grace.toMillis() / 1000.0)
            + " s unless a jar of it is put back";
  }

  /** Deploys the files that exist at the start, the shipped ones first. */
  void takeAll(Path shipped, BootWatch boot) {
    for (Path file : JarFiles.in(shipped)) {
      boot.patientStep("plugin " + JarFiles.name(file));
      arrived(file, "shipped");
    }
    for (Path file : JarFiles.in(table.dropFolder())) {
      boot.patientStep("plugin " + JarFiles.name(file));
      try (var _ = new ZipFile(file.toFile())) {
        watcher.known(file);
        arrived(file, "user");
      } catch (IOException e) {
        LOG.debug("{} is not complete yet", file);
      }
    }
  }

  /** Scans the drop folder once. Called by one thread, several times a second. */
  void scan() {
    long begin = System.nanoTime();
    scanning = begin;
    try {
      watcher.scan(System.nanoTime());
    } catch (IOException | RuntimeException e) {
      LOG.error("plugins: {} cannot be scanned: {}", table.dropFolder(), e.toString());
    } finally {
      scanning = 0;
      scanned = System.nanoTime();
    }
  }

  /** Returns the seconds since the last scan of the folder ended. Called by any thread. */
  double ageOfLastScan() {
    return (System.nanoTime() - scanned) / 1e9;
  }

  /** Logs once when a scan hangs, for example on a network file system that does not answer. */
  void watchScan() {
    long begin = scanning;
    if (begin != 0 && begin != slow && System.nanoTime() - begin > SLOW_SCAN_NANOS) {
      slow = begin;
      LOG.error(
          "plugins: the scan of {} has not returned for {} s; changes in the folder are not noticed"
              + " until it does; is it on a network drive that does not answer?",
          table.dropFolder(),
          SLOW_SCAN_NANOS / 1_000_000_000);
    }
  }

  @Override
  public void arrived(Path file) {
    arrived(file, "user");
  }

  @Override
  public void missing(Path file) {
    synchronized (table.changes) {
      table.notBroken(file);
      Plugin plugin = table.comingFrom(file);
      if (plugin != null && plugin.deployment == null) {
        gone(file); // it does not run, so no grace period
      } else if (plugin != null && plugin.reason.isEmpty()) {
        plugin.reason = fileMissing;
        plugin.fileMissing = true;
      }
    }
  }

  @Override
  public void gone(Path file) {
    synchronized (table.changes) {
      table.notBroken(file);
      Plugin plugin = table.comingFrom(file);
      table.forget(file);
      if (plugin != null) {
        versions.takeAway(plugin, "drop folder");
      }
    }
  }

  @Override
  public void broken(Path file, String reason) {
    synchronized (table.changes) {
      table.broken(file, reason);
    }
    LOG.warn("plugins: {}: {}", JarFiles.name(file), reason);
  }

  @Override
  public void copying(Path file) {
    synchronized (table.changes) {
      if (table.idOf(file) == null) {
        table.broken(file, "");
      }
    }
  }

  /** Installs or updates from a complete file; shows the problem when that fails. */
  private void arrived(Path file, String source) {
    boolean shipped = source.equals("shipped");
    String name = JarFiles.name(file);
    synchronized (table.changes) {
      table.notBroken(file);
      String id = null;
      try {
        JarInfo info =
            shipped
                ? JarInspector.inspectShipped(file, name)
                : records.jars().inspectCopy(file, name);
        id = info.id();
        Plugin known = table.get(info.id());
        if (known != null && known.deployment != null && runsFrom(known, file, info, source)) {
          return;
        }
        versions.deploy(file, name, info, source, false, shipped ? "start" : "drop folder");
        versions.retryFailed(info.id());
      } catch (PluginException e) {
        if (e.problem() == PluginProblem.CHANGED) {
          table.broken(file, ""); // the next scan finds the newer file
          return;
        }
        LOG.warn("plugins: {}: {}", name, e.getMessage());
        Plugin plugin = id == null ? null : table.get(id);
        if (!Files.exists(file)) {
          if (plugin != null && plugin.deployment == null) {
            gone(file);
          }
          return; // of an update: the next scan reports its plugin's file
        }
        if (plugin != null && plugin.deployment != null && file.equals(plugin.file)) {
          return; // shown with the plugin itself
        }
        if (plugin == null || plugin.deployment != null) {
          table.broken(file, String.valueOf(e.getMessage()));
        } else {
          crashed.startFailed(plugin, () -> startAgain(plugin));
        }
      } catch (RuntimeException | LinkageError e) {
        LOG.error("plugins: {} could not be handled", name, e);
        table.broken(file, "could not be handled: " + e);
      }
    }
  }

  /** Tries plugins again whose settings were refused. */
  void settingsChanged() {
    synchronized (table.changes) {
      for (Plugin plugin : List.copyOf(table.all())) {
        if (plugin.problem == PluginProblem.SETTINGS && plugin.canBeTriedAgain()) {
          startAgain(plugin);
        }
      }
    }
  }

  private void startAgain(Plugin plugin) {
    Path file = plugin.file;
    if (file != null) {
      arrived(file, plugin.source);
    }
  }

  /**
   * Returns whether the version that runs is the one in {@code file}, and records the file then.
   */
  private boolean runsFrom(Plugin known, Path file, JarInfo info, String source) {
    PluginDecisions decisions = records.decisions();
    boolean pinned =
        decisions.pinnedInsteadOf(known.id).equals(info.sha256())
            && decisions.pin(known.id).contains(KeptJars.shortDigest(known.sha256));
    if (!info.sha256().equals(known.sha256) && !pinned) {
      return false;
    }
    Path current = known.file;
    if (!source.equals("shipped")
        && !file.equals(current)
        && known.source.equals("user")
        && current != null
        && Files.exists(current)) {
      throw new PluginException(
          JarFiles.name(file) + ": the same jar as " + known.fileName + "; remove one of them");
    }
    table.holds(file, info.id());
    if (source.equals("shipped") && known.source.equals("user")) {
      return true; // it is used when the user's is removed
    }
    known.file = file;
    known.fileName = JarFiles.name(file);
    known.source = source;
    if (known.fileMissing) {
      known.reason = "";
      known.fileMissing = false;
    }
    return true;
  }
}
