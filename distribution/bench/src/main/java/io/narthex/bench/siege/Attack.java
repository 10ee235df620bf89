package io.narthex.bench.siege;

import java.io.IOException;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * One kind of attack, repeated at a bounded rate: an attack starts a pause after the end of the
 * previous one.
 */
final class Attack {
  /** What is done each time. */
  interface Act {
    /** Returns its outcome in a word, mostly a status. */
    String run(Random random) throws IOException, InterruptedException;
  }

  private final String name;
  private final long pauseMs;
  private final String evidence;
  private final Act act;
  private final Map<String, Integer> outcomes = new TreeMap<>(); // guarded by itself

  /**
   * Creates it.
   *
   * @param evidence a regular expression; a series of the server's own metrics that it matches must
   *     increase. Empty when nothing is refused
   */
  Attack(String name, long pauseMs, String evidence, Act act) {
    this.name = name;
    this.pauseMs = pauseMs;
    this.evidence = evidence;
    this.act = act;
  }

  String name() {
    return name;
  }

  String evidence() {
    return evidence;
  }

  /** Attacks until it is interrupted. */
  void run(long seed, AtomicBoolean stopping) throws InterruptedException {
    Random random = new Random(seed ^ name.hashCode());
    Thread.sleep(random.nextLong(Math.min(pauseMs, 2000) + 1));
    while (!stopping.get()) {
      String outcome;
      try {
        outcome = act.run(random);
      } catch (IOException e) {
        outcome = e.getClass().getSimpleName();
      }
      synchronized (outcomes) {
        outcomes.merge(outcome, 1, Integer::sum);
      }
      for (long slept = 0; slept < pauseMs && !stopping.get(); slept += 100) {
        Thread.sleep(Math.min(100, pauseMs));
      }
    }
  }

  /** Returns the outcomes of all attacks with their numbers. */
  String outcomes() {
    synchronized (outcomes) {
      return outcomes.toString();
    }
  }

  /** Returns whether it was made at all. */
  boolean made() {
    synchronized (outcomes) {
      return !outcomes.isEmpty();
    }
  }
}
