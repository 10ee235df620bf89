package io.narthex.core.plugin;

import io.narthex.core.plugin.jars.JarInspector.JarInfo;
import io.narthex.service.plugins.PluginProblem;
import io.narthex.service.plugins.PluginService.State;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import org.jspecify.annotations.Nullable;

/**
 * A plugin that is there, running or not. Fields are written with {@link PluginTable#changes} held
 * and read by anybody.
 */
final class Plugin {
  final String id;
  volatile @Nullable Deployment deployment; // null: it does not run
  volatile @Nullable Path file; // what it comes from
  volatile String fileName = "";
  volatile String source = "user";
  volatile String version = "";
  volatile String sha256 = "";
  volatile State state = State.WAITING;
  volatile String reason = ""; // for people
  volatile @Nullable PluginProblem problem; // what code decides by; null: none
  volatile boolean fileMissing; // the reason says so
  volatile long sinceMs;
  private final Clock clock;

  Plugin(String id, Clock clock) {
    this.id = id;
    this.clock = clock;
  }

  /** Notes which file it comes from and which version runs, or should. */
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

  /** It did not start. */
  void failed(PluginProblem kind, String why) {
    enter(kind == PluginProblem.NEEDS ? State.NEEDS : State.FAILED, why, kind);
  }

  /** Tells whether it failed and its file is there, so that another try makes sense. */
  boolean canBeTriedAgain() {
    Path present = file;
    return deployment == null && state == State.FAILED && present != null && Files.exists(present);
  }
}
