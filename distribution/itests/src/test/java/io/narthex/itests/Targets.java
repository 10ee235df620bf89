package io.narthex.itests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.IntConsumer;
import java.util.function.IntPredicate;

/** The targets of one job of a server. */
final class Targets {
  /** How soon a change of the other side has to be a target here. */
  static final Duration SOON = Duration.ofSeconds(2);

  private static final int TRIES = 3;
  private static final int IN_TIME = 2; // of the tries

  private final Server server;
  private final String job;

  Targets(Server server, String job) {
    this.server = server;
    this.job = job;
  }

  /** Returns the labels of all targets before relabelling, sorted by name. */
  List<Map<String, String>> discovered() {
    List<Map<String, String>> all = new ArrayList<>();
    for (JsonNode target :
        server
            .json("api/v1/targets?state=active&" + Server.form("scrapePool", job))
            .path("data")
            .path("activeTargets")) {
      Map<String, String> labels = new TreeMap<>();
      target
          .path("discoveredLabels")
          .properties()
          .forEach(e -> labels.put(e.getKey(), e.getValue().asText()));
      all.add(labels);
    }
    return all;
  }

  /** Returns the addresses of all targets, sorted. */
  List<String> addresses() {
    return discovered().stream().map(t -> String.valueOf(t.get("__address__"))).sorted().toList();
  }

  /** Waits until these are the addresses. */
  void await(String... addresses) {
    List<String> wanted = List.of(addresses).stream().sorted().toList();
    try {
      Server.await(job + " to have the targets " + wanted, () -> addresses().equals(wanted));
    } catch (RuntimeException e) {
      throw new AssertionError(job + " has " + addresses() + "\n" + server.log(), e);
    }
  }

  /**
   * Makes changes, each given its number, until two were seen in time: a busy machine may be slow
   * once, a discovery that waits for its next turn is slow more often.
   */
  void soon(String what, IntConsumer change, IntPredicate seen) {
    List<Duration> taken = new ArrayList<>();
    int inTime = 0;
    for (int i = 0; i < TRIES && inTime < IN_TIME; i++) {
      int number = i;
      long begun = System.nanoTime();
      change.accept(i);
      Server.await(job + ": " + what + " " + i, () -> seen.test(number));
      taken.add(Duration.ofNanos(System.nanoTime() - begun));
      if (taken.getLast().compareTo(SOON) < 0) {
        inTime++;
      }
    }
    assertThat(inTime).as("%s: %s is seen after %s", job, what, taken).isEqualTo(IN_TIME);
  }
}
