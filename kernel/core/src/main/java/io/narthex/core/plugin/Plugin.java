package io.narthex.core.plugin;

import io.narthex.core.plugin.jars.JarInspector.JarInfo;
import io.narthex.service.plugins.PluginProblem;
import io.narthex.service.plugins.PluginService.State;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import org.jspecify.annotations.Nullable;

/**
 * An installed plugin, running or not. Fields are written with {@link PluginTable#changes} held and
 * read by any thread.
 */
final class Plugin {
  final String id;
  volatile @Nullable Deployment deployment; // null: not running
  volatile @Nullable Path file; // the file it was deployed from
  volatile String fileName = "";
  volatile String source = "user";
  volatile String version = "";
  volatile String sha256 = "";
  volatile State state = State.WAITING;
  volatile String reason = ""; // for people
  volatile @Nullable PluginProblem problem; // for code to decide by; null: none
  volatile boolean fileMissing; // the reason is that the file is missing
  volatile long sinceMs;
  private final Clock clock;

  Plugin(String id, Clock clock) {
    this.id = id;
    this.clock = clock;
  }

  /** Records the file it comes from and the version that runs, or should. */
  void describe(Path from, String name, JarInfo info, String kindOfSource) {
    file = from;
    fileName = name;
    source = kindOfSource;
    version = info.version();
    sha256 = info.sha256();
  }

  void enter(State next, String why) {
    enter(next, why, null);
  }

  void enter(State next, String why, @Nullable PluginProblem kind) {
    state = next;
    reason = why;
    problem = kind;
    fileMissing = false;
    sinceMs = clock.millis();
  }

  /** Enters the state of a plugin that did not start. */
  void failed(PluginProblem kind, String why) {
    enter(kind == PluginProblem.NEEDS ? State.NEEDS : State.FAILED, why, kind);
  }

  /** Returns whether it failed and its file exists, so that a retry makes sense. */
  boolean canBeTriedAgain() {
    Path current = file;
    return deployment == null && state == State.FAILED && current != null && Files.exists(current);
  }
}
