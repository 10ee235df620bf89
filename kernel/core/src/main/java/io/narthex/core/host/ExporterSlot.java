package io.narthex.core.host;

import io.narthex.core.host.ProviderRegistry.Provider;
import io.narthex.service.plugins.PluginProblem;
import io.narthex.spi.exporter.Exporter;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** One opened exporter, or the reason why there is none, with a lane for each of its targets. */
final class ExporterSlot {
  private static final int MOST_TARGETS = 1_000;

  /** The collections from one target. */
  static final class Lane {
    final ReentrantLock turn = new ReentrantLock(true); // held while it collects
    final CircuitBreaker breaker;
    volatile @Nullable PluginCall<Boolean> collection; // the latest; written by the turn's holder
    boolean retired; // guarded by turn: another lane may have taken its place

    Lane(CircuitBreaker breaker) {
      this.breaker = breaker;
    }

    boolean isRunning() {
      PluginCall<Boolean> call = collection;
      return call != null && call.isRunning();
    }
  }

  final @Nullable Provider provider;
  final @Nullable Exporter exporter;
  final InstanceProblem problem;
  final Map<String, String> missing; // parts of its settings that could not be used, by name
  final Lane lane; // of the target without name
  private final Map<String, Lane> lanes =
      new LinkedHashMap<>(16, 0.75f, true); // others by name, last used last; guarded by itself

  ExporterSlot(
      @Nullable Provider provider,
      @Nullable Exporter exporter,
      InstanceProblem problem,
      Map<String, String> missing,
      CircuitBreaker breaker) {
    this.provider = provider;
    this.exporter = exporter;
    this.problem = problem;
    this.missing = missing;
    lane = new Lane(breaker);
  }

  /** Returns the lane of a target; those that have not been used for longest make room. */
  Lane lane(String target, PluginGuard guard) throws IOException {
    if (target.isEmpty()) {
      return lane;
    }
    synchronized (lanes) {
      Lane found = lanes.get(target);
      if (found == null) {
        if (lanes.size() >= MOST_TARGETS && !retireOne()) {
          throw new IOException("more than " + MOST_TARGETS + " targets are collected from");
        }
        found = new Lane(guard.breaker());
        lanes.put(target, found);
      }
      return found;
    }
  }

  private boolean retireOne() {
    for (Map.Entry<String, Lane> e : lanes.entrySet()) {
      Lane idle = e.getValue();
      if (!idle.isRunning() && idle.turn.tryLock()) {
        try {
          idle.retired = true;
        } finally {
          idle.turn.unlock();
        }
        lanes.remove(e.getKey());
        return true;
      }
    }
    return false;
  }

  List<Lane> allLanes() {
    synchronized (lanes) {
      List<Lane> all = new ArrayList<>(lanes.values());
      all.add(lane);
      return all;
    }
  }

  /** Returns whether a reload may mend it: it is not there, or not all of it. */
  boolean isIncomplete() {
    return exporter == null || !missing.isEmpty();
  }

  /** Returns its problem. */
  InstanceProblem problem() {
    if (exporter == null) {
      return problem;
    }
    PluginCall<Boolean> last = lane.collection;
    InstanceProblem failing =
        InstanceProblem.of(
            PluginProblem.CRASHED,
            last != null && last.isAbandoned() && last.isRunning()
                ? "a collection does not stop when interrupted; scrapes fail until it does"
                : lane.breaker.problem());
    return failing.isEmpty()
        ? InstanceProblem.of(PluginProblem.SETTINGS, String.join("; ", missing.values()))
        : failing;
  }
}
