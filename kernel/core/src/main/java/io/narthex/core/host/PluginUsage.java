package io.narthex.core.host;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * The CPU time and heap allocations of a plugin on the platform threads that the host calls it on
 * or has lent to it. Threads that are inside count with their usage so far. The JVM has no such
 * numbers for virtual threads, so calls on those do not count. Thread-safe.
 */
final class PluginUsage {
  /** Null where the JVM does not measure it. */
  private static final @Nullable ThreadMXBean THREADS =
      ManagementFactory.getThreadMXBean() instanceof ThreadMXBean bean
              && bean.isThreadCpuTimeSupported()
              && bean.isThreadAllocatedMemorySupported()
          ? bean
          : null;

  private final LongAdder cpuNanos = new LongAdder();
  private final LongAdder allocatedBytes = new LongAdder();
  private final Set<Meter> running = ConcurrentHashMap.newKeySet();

  /** One stay of a thread in the plugin. */
  final class Meter {
    private final long threadId;
    private final long cpuBefore;
    private final long allocatedBefore;

    private Meter(long threadId, long cpuBefore, long allocatedBefore) {
      this.threadId = threadId;
      this.cpuBefore = cpuBefore;
      this.allocatedBefore = allocatedBefore;
    }

    private long cpu() {
      long now = THREADS == null ? -1 : THREADS.getThreadCpuTime(threadId);
      return now < 0 ? 0 : Math.max(0, now - cpuBefore); // negative: the thread has ended
    }

    private long allocated() {
      long now = THREADS == null ? -1 : THREADS.getThreadAllocatedBytes(threadId);
      return now < 0 ? 0 : Math.max(0, now - allocatedBefore);
    }

    /** Ends the measurement. Called on its thread. */
    void end() {
      if (running.remove(this)) {
        cpuNanos.add(cpu());
        allocatedBytes.add(allocated());
      }
    }
  }

  /** Starts measuring this thread; null when the JVM cannot. */
  @Nullable Meter meter() {
    Thread thread = Thread.currentThread();
    return THREADS == null || thread.isVirtual()
        ? null
        : begin(
            new Meter(
                thread.threadId(),
                THREADS.getCurrentThreadCpuTime(),
                THREADS.getCurrentThreadAllocatedBytes()));
  }

  /** Starts measuring a thread before its start; null when the JVM cannot. */
  @Nullable Meter meter(Thread thread) {
    return THREADS == null || thread.isVirtual() ? null : begin(new Meter(thread.threadId(), 0, 0));
  }

  private Meter begin(Meter meter) {
    running.add(meter);
    return meter;
  }

  /** Returns the CPU time, seconds. */
  double cpuSeconds() {
    long nanos = cpuNanos.sum();
    for (Meter meter : running) {
      nanos += meter.cpu();
    }
    return nanos / 1e9;
  }

  /** Returns the allocated bytes. */
  double allocatedBytes() {
    long bytes = allocatedBytes.sum();
    for (Meter meter : running) {
      bytes += meter.allocated();
    }
    return bytes;
  }
}
