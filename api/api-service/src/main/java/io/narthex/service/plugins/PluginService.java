package io.narthex.service.plugins;

import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/**
 * The plugin manager. Thread-safe; changes are made one after the other. A change that cannot be
 * made throws {@link PluginException} and leaves everything as it was.
 */
@ProviderType
public interface PluginService {
  /** Returns all plugins, kernel bundles too, sorted by id. */
  List<PluginInfo> plugins();

  /** Returns a plugin, or null. */
  @Nullable PluginInfo plugin(String id);

  /** Returns how a plugin fares; a plugin that is not known has {@link PluginHealth#NONE}. */
  PluginHealth health(String id);

  /**
   * Installs or updates from a jar.
   *
   * @param fileName name of the jar for the drop folder
   * @param jar its bytes; read to the end, not closed
   * @param force whether a lower version may replace a higher one
   * @param actor who asks, for the audit log
   */
  PluginInfo install(String fileName, InputStream jar, boolean force, String actor)
      throws IOException;

  /** Removes a plugin that lies in the drop folder. Its settings stay. */
  void remove(String id, String actor);

  /** Starts a plugin that was stopped by a user or is quarantined. */
  PluginInfo enable(String id, String actor);

  /** Stops a plugin until it is enabled again, over restarts too. */
  PluginInfo disable(String id, String actor);

  /** Puts the version before the present one back. */
  PluginInfo rollback(String id, String actor);

  /** Returns the newest audit entries, newest first. */
  List<AuditEntry> audit(@Nullable String id, int limit);

  /**
   * Adds a change of something else than a plugin to the audit log.
   *
   * @param actor who did it
   * @param action for example {@code create}
   * @param id what was changed, for example {@code token:ci}
   * @param result {@code ok}, or why it failed
   */
  void audited(String actor, String action, String id, String result);

  /** What users can do with a plugin's state. */
  enum State {
    /** Nothing uses it yet, or a needed thing is absent; the reason tells. */
    WAITING,
    /** Its file is being looked at. */
    CHECKING,
    /** A package or service it needs is not there. */
    NEEDS,
    /** Being activated. */
    STARTING,
    /** All well. */
    RUNNING,
    /** Works in part; the reason tells. */
    DEGRADED,
    /** Does not work; the reason tells. */
    FAILED,
    /** Stopped by a user. */
    STOPPED,
    /** Stopped by the server after repeated failures. */
    QUARANTINED
  }

  /**
   * A plugin as users see it.
   *
   * @param id symbolic name of the bundle
   * @param name name for people
   * @param kinds what it provides, for example {@code discovery:file}
   * @param state its state
   * @param reason why the state is what it is; empty when running
   * @param source {@code shipped}, {@code user} or {@code kernel}
   * @param file the jar's name
   * @param sha256 digest of the jar, hexadecimal
   * @param sinceMs when the state was entered, epoch milliseconds
   * @param startedMs when the present version was started, epoch milliseconds; 0 when not running
   * @param instances configuration blocks it serves
   * @param undoVersion version that {@link #rollback} brings back, or null
   * @param staleLoaders class loaders of former versions that are still alive
   * @param osgiState the framework's own word for the bundle's state
   * @param problem what kind of problem the reason is about; null when there is none or its kind is
   *     not known
   */
  record PluginInfo(
      String id,
      String name,
      List<String> kinds,
      String version,
      State state,
      String reason,
      String source,
      String file,
      String sha256,
      long sinceMs,
      long startedMs,
      List<String> instances,
      @Nullable String undoVersion,
      int staleLoaders,
      String osgiState,
      @Nullable PluginProblem problem) {
    /** Copies the lists. */
    public PluginInfo {
      kinds = List.copyOf(kinds);
      instances = List.copyOf(instances);
    }

    /** Creates one whose kind of problem is not known. */
    public PluginInfo(
        String id,
        String name,
        List<String> kinds,
        String version,
        State state,
        String reason,
        String source,
        String file,
        String sha256,
        long sinceMs,
        long startedMs,
        List<String> instances,
        @Nullable String undoVersion,
        int staleLoaders,
        String osgiState) {
      this(
          id,
          name,
          kinds,
          version,
          state,
          reason,
          source,
          file,
          sha256,
          sinceMs,
          startedMs,
          instances,
          undoVersion,
          staleLoaders,
          osgiState,
          null);
    }
  }

  /**
   * Returns the ids of plugins that have been removed and of which something is left; {@link
   * #health} tells what.
   */
  default List<String> removedWithLeftovers() {
    return List.of();
  }

  /** Who did what to which plugin, and how it ended. */
  record AuditEntry(
      long timeMs,
      String actor,
      String action,
      String id,
      String version,
      String sha256,
      String result) {}

  /** A change to a plugin that cannot be made; the message is for users. */
  final class PluginException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final PluginProblem problem;

    /** Creates one for an order that cannot be carried out. */
    public PluginException(String message) {
      this(PluginProblem.REFUSED, message);
    }

    /** Creates one. */
    public PluginException(PluginProblem problem, String message) {
      super(message);
      this.problem = problem;
    }

    /** Returns the kind of problem. */
    public PluginProblem problem() {
      return problem;
    }
  }
}
