package io.narthex.testkit.swap;

import io.narthex.spi.exporter.Exporter;
import io.narthex.spi.exporter.ExporterProvider;
import io.narthex.testkit.exporter.RecordingMetrics;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Scrapes continuously while the exporter is replaced, as the server does: one collection at a
 * time; those during the swap go to the new version, after the running one of the previous version
 * has ended.
 */
final class ExporterSwap implements PluginSwap.Kind {
  private static final int SCRAPES = 3;
  private static final long PAUSE_MS = 5;

  private final PluginSwap swap;

  ExporterSwap(PluginSwap swap) {
    this.swap = swap;
  }

  /** An opened exporter. */
  private static final class Slot {
    final PluginVersion version;
    final Exporter exporter;
    final ReentrantLock turn = new ReentrantLock(true); // held while it collects
    final Set<String> families = new TreeSet<>(); // guarded by itself
    int scrapes; // guarded by families
    volatile @Nullable Thread collector;

    Slot(PluginVersion version, Exporter exporter) {
      this.version = version;
      this.exporter = exporter;
    }

    void scraped(Set<String> names) {
      synchronized (families) {
        families.addAll(names);
        scrapes++;
        families.notifyAll();
      }
    }

    boolean awaitScrapes(long patienceMs) throws InterruptedException {
      long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(patienceMs);
      synchronized (families) {
        while (scrapes < SCRAPES) {
          long left = (deadline - System.nanoTime()) / 1_000_000;
          if (left <= 0) {
            return false;
          }
          families.wait(left);
        }
        return true;
      }
    }

    void awaitCollection(long patienceMs) throws InterruptedException {
      var unused = Patience.until(() -> collector != null, Duration.ofMillis(patienceMs));
    }

    List<String> names() {
      synchronized (families) {
        return List.copyOf(families);
      }
    }
  }

  /** Scrapes on a thread of its own until it is stopped. */
  private static final class Scraper {
    private final Findings findings;
    private volatile Slot slot;
    private volatile boolean done;
    private final Thread thread = new Thread(this::go, "scraper");

    Scraper(Slot slot, Findings findings) {
      this.slot = slot;
      this.findings = findings;
      thread.setDaemon(true);
      thread.start();
    }

    private void go() {
      try {
        while (!done) {
          Slot mine = slot;
          mine.turn.lockInterruptibly();
          try {
            if (mine == slot) { // otherwise it was replaced meanwhile
              scrape(mine);
            }
          } finally {
            mine.turn.unlock();
          }
          Thread.sleep(PAUSE_MS); // the pace of the scrapes
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt(); // ended
      }
    }

    private void scrape(Slot mine) throws InterruptedException {
      RecordingMetrics metrics = new RecordingMetrics();
      mine.collector = Thread.currentThread();
      try {
        mine.version.call(() -> {
          mine.exporter.collect(metrics, Map.of());
          return true;
        });
        metrics
            .faults()
            .forEach(f -> findings.add("a scrape of the " + mine.version.label() + ": " + f));
      } catch (InterruptedException e) {
        findings.add("a scrape of the " + mine.version.label() + " was cut off");
        return;
      } catch (Exception | LinkageError e) {
        findings.add(
            "a scrape failed: collect() of the "
                + mine.version.label()
                + " threw "
                + PluginSwap.describe(e));
        return;
      } finally {
        mine.collector = null;
      }
      // only now: a waiter would otherwise take this collection for the next one
      mine.scraped(metrics.families().keySet());
    }

    void stop(long patienceMs) throws InterruptedException {
      done = true;
      thread.join(patienceMs);
      thread.interrupt();
      thread.join(patienceMs);
    }
  }

  private <C extends Record> Slot open(PluginVersion version, SwapContext context)
      throws Exception {
    @SuppressWarnings("unchecked")
    ExporterProvider<C> provider = version.provider(ExporterProvider.class);
    C config = version.config(provider.configType(), swap.settings());
    return new Slot(version, version.call(() -> provider.open(config, context)));
  }

  @Override
  public void swap(PluginVersion previous, PluginVersion next, Path folder, Findings findings)
      throws Exception {
    SwapContext context = new SwapContext(folder);
    long patienceMs = swap.patience().toMillis();
    Slot old = open(previous, context);
    Scraper scraper = new Scraper(old, findings);
    try {
      boolean worked = old.awaitScrapes(patienceMs);
      if (!worked) {
        findings.add(tooFew(previous));
      }
      Slot now = open(next, context);
      if (worked) {
        old.awaitCollection(patienceMs); // so that one runs during the swap
      }
      scraper.slot = now;
      drain(old, findings);
      close(old, findings);
      if (!now.awaitScrapes(patienceMs)) {
        findings.add(tooFew(next));
      } else if (worked) {
        List<String> lost =
            old.names().stream().filter(n -> !now.names().contains(n) && !swap.mayGo(n)).toList();
        if (!lost.isEmpty()) {
          findings.add("metrics lost: the new version has no " + String.join(", ", lost));
        }
      }
      scraper.stop(patienceMs);
      close(now, findings);
    } finally {
      scraper.stop(patienceMs);
    }
  }

  private String tooFew(PluginVersion version) {
    return "fewer than "
        + SCRAPES
        + " scrapes of the "
        + version.label()
        + " worked within "
        + swap.patience().toMillis() / 1000.0
        + " s";
  }

  private void drain(Slot old, Findings findings) throws InterruptedException {
    if (!old.turn.tryLock(swap.drain().toMillis(), TimeUnit.MILLISECONDS)) {
      Thread collector = old.collector;
      findings.add(
          "a collection of the previous version continues "
              + swap.drain().toMillis() / 1000.0
              + " s after the swap; scrapes wait for it");
      if (collector != null) {
        collector.interrupt();
      }
      if (!old.turn.tryLock(swap.drain().toMillis(), TimeUnit.MILLISECONDS)) {
        findings.add("collect() of the previous version does not end when it is interrupted");
        return;
      }
    }
    old.turn.unlock();
  }

  private static void close(Slot slot, Findings findings) {
    try {
      slot.version.call(() -> {
        slot.exporter.close();
        slot.exporter.close(); // idempotent
        return true;
      });
    } catch (Exception | LinkageError e) {
      findings.add("close() of the " + slot.version.label() + " threw " + PluginSwap.describe(e));
    }
  }
}
