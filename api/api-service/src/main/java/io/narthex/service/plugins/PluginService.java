package io.narthex.service.plugins;

import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/**
 * The plugin manager. Thread-safe; changes are made one after the other. A change that cannot be
 * made throws {@link PluginException} and has no effect.
 */
@ProviderType
public interface PluginService {
  /** Returns all plugins, including kernel bundles, sorted by id. */
  List<PluginInfo> plugins();

  /** Returns a plugin, or null. */
  @Nullable PluginInfo plugin(String id);

  /** Returns the health of a plugin; {@link PluginHealth#NONE} for an unknown one. */
  PluginHealth health(String id);

  /**
   * Installs or updates from a jar.
   *
   * @param fileName name of the jar for the drop folder
   * @param jar its content; read to the end, not closed
   * @param force whether a lower version may replace a higher one
   * @param actor who makes the change, for the audit log
   */
  PluginInfo install(String fileName, InputStream jar, boolean force, String actor)
      throws IOException;

  /** Removes a plugin from the drop folder. Its settings stay. */
  void remove(String id, String actor);

  /** Starts a plugin that was stopped by a user or is quarantined. */
  PluginInfo enable(String id, String actor);

  /** Stops a plugin until it is enabled again, also after restarts. */
  PluginInfo disable(String id, String actor);

  /** Restores the previous version. */
  PluginInfo rollback(String id, String actor);

  /** Returns the newest audit entries, newest first; of one plugin if {@code id} is not null. */
  List<AuditEntry> audit(@Nullable String id, int limit);

  /**
   * Adds a change of something other than a plugin to the audit log.
   *
   * @param actor who did it
   * @param action for example {@code create}
   * @param id what was changed, for example {@code token:ci}
   * @param result {@code ok}, or why it failed
   */
  void audited(String actor, String action, String id, String result);

  /** State of a plugin as users see it. */
  enum State {
    /** Nothing uses it yet, or something it needs is absent; see the reason. */
    WAITING,
    /** Its file is being checked. */
    CHECKING,
    /** A package or service it needs is absent. */
    NEEDS,
    /** Being activated. */
    STARTING,
    /** Works. */
    RUNNING,
    /** Works in part; see the reason. */
    DEGRADED,
    /** Does not work; see the reason. */
    FAILED,
    /** Stopped by a user. */
    STOPPED,
    /** Stopped by the server after repeated failures. */
    QUARANTINED
  }

  /**
   * A plugin as users see it. Immutable.
   *
   * @param id symbolic name of the bundle
   * @param name display name
   * @param kinds what it provides, for example {@code discovery:file}
   * @param state its state
   * @param reason reason of the state; empty when running
   * @param source {@code shipped}, {@code user} or {@code kernel}
   * @param file the jar's name
   * @param sha256 digest of the jar, hexadecimal
   * @param sinceMs when the state was entered, epoch milliseconds
   * @param startedMs when the current version was started, epoch milliseconds; 0 when not running
   * @param instances configuration blocks it serves
   * @param undoVersion version that {@link #rollback} restores, or null
   * @param staleLoaders number of class loaders of previous versions that are still reachable
   * @param osgiState the OSGi state of the bundle
   * @param problem kind of the problem in the reason; null when there is none or its kind is
   *     unknown
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

    /** Creates one without a kind of problem. */
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
   * Returns the ids of removed plugins that have left something behind; {@link #health} lists it.
   */
  default List<String> removedWithLeftovers() {
    return List.of();
  }

  /** An entry of the audit log. */
  record AuditEntry(
      long timeMs,
      String actor,
      String action,
      String id,
      String version,
      String sha256,
      String result) {}

  /** Thrown when a change of a plugin cannot be made; the message is for users. */
  final class PluginException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final PluginProblem problem;

    /** Creates one for a request that is not possible. */
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
