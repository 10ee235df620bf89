package io.narthex.testkit.swap;

import io.narthex.model.TargetGroup;
import io.narthex.spi.discovery.Discovery;
import io.narthex.spi.discovery.DiscoveryProvider;
import io.narthex.spi.discovery.TargetSink;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.BooleanSupplier;

/**
 * Keeps the groups as the server does: those of the previous version stay until the new one has
 * published, whose first update replaces them all.
 */
final class DiscoverySwap implements PluginSwap.Kind {
  private static final Duration SECOND_CHANCE = Duration.ofSeconds(2);

  private final PluginSwap swap;
  private final Map<String, TargetGroup> groups = new TreeMap<>(); // guarded by this
  private int run; // the run whose updates count; guarded by this
  private boolean fresh; // it has published; guarded by this
  private List<String> firstDelivery = List.of(); // of this run; guarded by this
  private String lastFailure = ""; // guarded by this

  DiscoverySwap(PluginSwap swap) {
    this.swap = swap;
  }

  private <C extends Record> Discovery open(PluginVersion version, SwapContext context)
      throws Exception {
    @SuppressWarnings("unchecked")
    DiscoveryProvider<C> provider = version.provider(DiscoveryProvider.class);
    C config = version.config(provider.configType(), swap.settings());
    return version.call(() -> provider.open(config, context));
  }

  @Override
  public void swap(PluginVersion previous, PluginVersion next, Path folder, Findings findings)
      throws Exception {
    SwapContext context = new SwapContext(folder);
    Run first = new Run(previous, open(previous, context), findings);
    List<String> before = List.of();
    try {
      if (!first.delivers()) {
        return;
      }
      before = addresses();
      Discovery candidate = open(next, context); // while the previous one still runs
      Run second = new Run(next, candidate, findings);
      try {
        first.stop();
        if (second.delivers()) {
          compare(before, findings);
        }
      } finally {
        second.stop();
      }
    } finally {
      first.stop();
      synchronized (this) {
        groups.clear(); // as in the server: they may hold objects of the version that created them
      }
    }
  }

  private void compare(List<String> before, Findings findings) throws InterruptedException {
    List<String> lost = missing(before, firstDelivery());
    if (lost.isEmpty()) {
      return;
    }
    boolean later = await(SECOND_CHANCE, () -> missing(before, addresses()).isEmpty());
    findings.add(
        "targets lost: "
            + String.join(", ", lost)
            + (later
                ? ": the first update of the new version did not have them, a later one had; the"
                    + " first update of a run has to hold all groups"
                : ": the new version did not find them"));
  }

  private List<String> missing(List<String> before, List<String> now) {
    return before.stream().filter(a -> !now.contains(a) && !swap.mayGo(a)).toList();
  }

  private synchronized List<String> firstDelivery() {
    return firstDelivery;
  }

  private synchronized List<String> addresses() {
    TreeSet<String> out = new TreeSet<>();
    for (TargetGroup g : groups.values()) {
      g.targets().forEach(t -> out.add(String.valueOf(t.get(TargetGroup.ADDRESS))));
    }
    return List.copyOf(out);
  }

  private synchronized boolean await(Duration patience, BooleanSupplier condition)
      throws InterruptedException {
    long deadline = System.nanoTime() + patience.toNanos();
    while (!condition.getAsBoolean()) {
      long left = (deadline - System.nanoTime()) / 1_000_000;
      if (left <= 0) {
        return false;
      }
      wait(left);
    }
    return true;
  }

  /**
   * A run of one version on its own thread. From its start on only the updates of this run count.
   */
  private final class Run implements TargetSink {
    private final PluginVersion version;
    private final Findings findings;
    private final int number;
    private final Thread thread;
    private boolean stopped;

    Run(PluginVersion version, Discovery discovery, Findings findings) {
      this.version = version;
      this.findings = findings;
      synchronized (DiscoverySwap.this) {
        number = ++run;
        fresh = false;
        lastFailure = "";
      }
      thread = new Thread(() -> go(discovery), "discovery, " + version.label());
      thread.setDaemon(true);
      thread.start();
    }

    private void go(Discovery discovery) {
      try {
        version.call(() -> {
          discovery.run(this);
          return true;
        });
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt(); // the expected end
      } catch (Exception | LinkageError e) {
        findings.add("run() of the " + version.label() + " threw " + PluginSwap.describe(e));
      }
      synchronized (DiscoverySwap.this) {
        DiscoverySwap.this.notifyAll();
      }
    }

    boolean delivers() throws InterruptedException {
      boolean delivered =
          await(
              swap.patience(),
              () -> {
                synchronized (DiscoverySwap.this) {
                  return fresh;
                }
              });
      if (!delivered) {
        synchronized (DiscoverySwap.this) {
          findings.add(
              "the "
                  + version.label()
                  + " delivered no targets within "
                  + swap.patience().toMillis() / 1000.0
                  + " s"
                  + (lastFailure.isEmpty() ? "" : "; its last failure: " + lastFailure));
        }
      }
      return delivered;
    }

    void stop() throws InterruptedException {
      if (stopped) {
        return;
      }
      stopped = true;
      thread.interrupt();
      thread.join(swap.drain().toMillis());
      if (thread.isAlive()) {
        findings.add(
            "run() of the "
                + version.label()
                + " continues "
                + swap.drain().toMillis() / 1000.0
                + " s after it was interrupted; interruption has to end it");
      }
    }

    @Override
    public void update(List<TargetGroup> changed) {
      synchronized (DiscoverySwap.this) {
        if (run != number) {
          return; // replaced meanwhile
        }
        boolean first = !fresh;
        if (first) {
          groups.clear();
        }
        for (TargetGroup g : changed) {
          if (g.targets().isEmpty()) {
            groups.remove(g.source());
          } else {
            groups.put(g.source(), g);
          }
        }
        if (first) {
          fresh = true;
          firstDelivery = new ArrayList<>(addresses());
        }
        DiscoverySwap.this.notifyAll();
      }
    }

    @Override
    public void refreshFailed(String reason) {
      synchronized (DiscoverySwap.this) {
        lastFailure = reason;
      }
    }
  }
}
