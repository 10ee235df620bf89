package io.narthex.testkit.swap;

import io.narthex.model.Labels;
import io.narthex.model.Matcher;
import io.narthex.spi.storage.AppendResult;
import io.narthex.spi.storage.SampleBatch;
import io.narthex.spi.storage.Storage;
import io.narthex.spi.storage.StorageProvider;
import io.narthex.testkit.storage.StoredSeries;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Appends continuously while the storage is replaced, as the server does: appends wait while the
 * previous version closes and the new one opens the same folder, then resolve their series again.
 */
final class StorageSwap implements PluginSwap.Kind {
  private static final int WRITERS = 3;
  private static final int ROUNDS_BEFORE = 20;
  private static final long REFERENCE_SPAN = 1L << 40;
  private static final String METRIC = "swap_samples";

  private final PluginSwap swap;
  private final boolean persistent;

  StorageSwap(PluginSwap swap, boolean persistent) {
    this.swap = swap;
    this.persistent = persistent;
  }

  private record Opened(PluginVersion version, Storage storage) {}

  /** A writer and its accepted samples: values by timestamp. */
  private static final class Writer {
    final Labels series;
    final TreeMap<Long, Double> accepted = new TreeMap<>(); // guarded by itself
    long keptFromMs = Long.MIN_VALUE; // older ones may be lost

    Writer(int number) {
      series = Labels.of(Labels.METRIC_NAME, METRIC, "writer", Integer.toString(number));
    }

    int size() {
      synchronized (accepted) {
        return accepted.size();
      }
    }
  }

  /** The gate through which the writers append. */
  private static final class Gate {
    final ReentrantReadWriteLock lock = new ReentrantReadWriteLock(true);
    final List<Writer> writers = new ArrayList<>();
    private final List<Thread> threads = new ArrayList<>();
    private final Findings findings;
    private final long startMs;
    private @Nullable Opened opened; // guarded by lock
    private volatile boolean done;

    Gate(Opened opened, long startMs, Findings findings) {
      this.opened = opened;
      this.startMs = startMs;
      this.findings = findings;
      for (int i = 0; i < WRITERS; i++) {
        Writer writer = new Writer(i);
        writers.add(writer);
        Thread thread = new Thread(() -> write(writer), "writer " + i);
        thread.setDaemon(true);
        threads.add(thread);
        thread.start();
      }
    }

    private void write(Writer writer) {
      SampleBatch batch = new SampleBatch(1);
      try {
        for (int i = 0; !done; i++) {
          append(writer, batch, startMs + i * 1000L, i * 0.5);
          Thread.sleep(1); // the pace of the samples
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt(); // ended
      }
    }

    private void append(Writer writer, SampleBatch batch, long timeMs, double value) {
      lock.readLock().lock();
      try {
        Opened now = opened;
        if (now == null) {
          return;
        }
        byte code =
            now.version()
                .call(() -> {
                  batch.clear();
                  batch.add(now.storage().resolve(writer.series), timeMs, value);
                  return now.storage().append(batch).code(0);
                });
        if (code == AppendResult.OK) {
          synchronized (writer.accepted) {
            writer.accepted.put(timeMs, value);
          }
        } else {
          findings.add(
              "the "
                  + now.version().label()
                  + " refused a sample newer than all before it with code "
                  + code);
        }
      } catch (Exception | LinkageError e) {
        findings.add("an append failed: " + PluginSwap.describe(e));
      } finally {
        lock.readLock().unlock();
      }
    }

    /** Waits until each writer has this many accepted samples. */
    boolean await(List<Integer> sizes, long patienceMs) throws InterruptedException {
      return Patience.until(
          () -> IntStream.range(0, WRITERS).allMatch(i -> writers.get(i).size() >= sizes.get(i)),
          Duration.ofMillis(patienceMs));
    }

    List<Integer> sizes(int more) {
      return writers.stream().map(w -> w.size() + more).toList();
    }

    void stop(long patienceMs) throws InterruptedException {
      done = true;
      for (Thread t : threads) {
        t.join(patienceMs);
      }
    }
  }

  private <C extends Record> Opened open(PluginVersion version, SwapContext context, int opening)
      throws Exception {
    @SuppressWarnings("unchecked")
    StorageProvider<C> provider = version.provider(StorageProvider.class);
    C config = version.config(provider.configType(), swap.settings());
    return new Opened(
        version,
        version.call(() -> provider.open(config, context.storage(opening * REFERENCE_SPAN))));
  }

  @Override
  public void swap(PluginVersion previous, PluginVersion next, Path folder, Findings findings)
      throws Exception {
    SwapContext context = new SwapContext(folder);
    long patienceMs = swap.patience().toMillis();
    Opened old = open(previous, context, 1);
    Gate gate = new Gate(old, System.currentTimeMillis(), findings);
    Opened now = null;
    try {
      gate.await(gate.sizes(ROUNDS_BEFORE), patienceMs);
      gate.lock.writeLock().lock();
      try {
        gate.opened = null;
        close(old, findings);
        if (!persistent) {
          gate.writers.forEach(w -> w.keptFromMs = w.accepted.lastKey() + 1);
        }
        now = open(next, context, 2);
        gate.opened = now;
      } finally {
        gate.lock.writeLock().unlock();
      }
      if (!gate.await(gate.sizes(ROUNDS_BEFORE), patienceMs)) {
        findings.add("appends do not continue after the swap");
      }
      gate.stop(patienceMs);
      compare(now, gate.writers, findings);
    } finally {
      gate.stop(patienceMs);
      if (now != null) {
        close(now, findings);
      }
    }
  }

  private static void compare(Opened now, List<Writer> writers, Findings findings)
      throws Exception {
    List<StoredSeries> stored =
        now.version()
            .call(() ->
                StoredSeries.select(
                    now.storage(),
                    100,
                    Long.MIN_VALUE,
                    Long.MAX_VALUE,
                    Matcher.equal(Labels.METRIC_NAME, METRIC)));
    for (Writer writer : writers) {
      TreeMap<Long, Double> missing = new TreeMap<>(writer.accepted);
      int accepted = missing.tailMap(writer.keptFromMs).size();
      int foreign = 0;
      for (StoredSeries s : stored) {
        if (s.labels().equals(writer.series)) {
          for (StoredSeries.Sample x : s.samples()) {
            Double expected = missing.remove(x.timeMs());
            foreign += expected == null || expected != x.value() ? 1 : 0;
          }
        }
      }
      missing.headMap(writer.keptFromMs).clear();
      if (!missing.isEmpty()) {
        findings.add(
            "samples lost: "
                + missing.size()
                + " of "
                + accepted
                + " that were accepted for "
                + writer.series
                + ", the first at "
                + missing.firstKey());
      }
      if (foreign > 0) {
        findings.add(foreign + " samples of " + writer.series + " were never appended like this");
      }
    }
  }

  private static void close(Opened opened, Findings findings) {
    try {
      opened
          .version()
          .call(() -> {
            opened.storage().close();
            opened.storage().close(); // idempotent
            return true;
          });
    } catch (Exception | LinkageError e) {
      findings.add(
          "close() of the " + opened.version().label() + " threw " + PluginSwap.describe(e));
    }
  }
}
