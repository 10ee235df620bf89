package io.narthex.core.host;

import io.narthex.model.TargetGroup;
import io.narthex.service.config.DiscoveryBlock;
import io.narthex.spi.config.ConfigException;
import io.narthex.spi.discovery.TargetSink;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One run of the discovery of a block, outside of any set: ends with the first full list. Used by
 * one thread; the discovery runs on another.
 */
public final class DiscoveryTrial implements AutoCloseable {
  /**
   * What a discovery found.
   *
   * @param groups of the first list; empty when there was none in time
   * @param problem why a refresh failed, or empty; some groups may have been found nevertheless
   */
  public record Found(List<TargetGroup> groups, String problem) {}

  private final Sink sink = new Sink();
  private final Thread thread;
  private final HostContext context;

  private static final class Sink implements TargetSink {
    private @Nullable List<TargetGroup> groups; // guarded by this
    private String problem = ""; // guarded by this
    private boolean ended; // guarded by this

    @Override
    public synchronized void update(List<TargetGroup> changed) {
      if (groups == null) {
        groups = List.copyOf(changed);
        notifyAll();
      }
    }

    @Override
    public synchronized void refreshFailed(String reason) {
      if (groups == null && problem.isEmpty()) {
        problem = reason;
      }
    }

    synchronized void end(String why) {
      ended = true;
      if (problem.isEmpty()) {
        problem = why;
      }
      notifyAll();
    }

    synchronized Found await(long deadlineNanos) throws InterruptedException {
      while (groups == null && !ended) {
        long left = deadlineNanos - System.nanoTime();
        if (left <= 0) {
          break;
        }
        TimeUnit.NANOSECONDS.timedWait(this, left);
      }
      List<TargetGroup> found = groups == null ? List.of() : new ArrayList<>(groups);
      return new Found(found, problem);
    }
  }

  private DiscoveryTrial(Thread.Builder builder, DiscoveryHost.Opened opened) {
    context = opened.context();
    thread =
        builder.start(() -> {
          String why = "";
          try {
            opened.discovery().run(sink);
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          } catch (Exception | LinkageError e) {
            why = e.toString();
          }
          sink.end(why);
        });
  }

  /**
   * Starts the discovery of a block.
   *
   * @return null when there is no plugin for it
   * @throws ConfigException when its plugin refuses the block
   */
  public static @Nullable DiscoveryTrial start(
      DiscoveryHost host, DiscoveryBlock block, String label, Path folder) {
    DiscoveryHost.Opened opened = host.openAlone(block, label, folder);
    return opened == null ? null : new DiscoveryTrial(host.thread("discovery " + label), opened);
  }

  /** Waits for the first full list. */
  public Found await(Duration atMost) throws InterruptedException {
    return sink.await(System.nanoTime() + atMost.toNanos());
  }

  /** Ends the run. */
  @Override
  public void close() {
    thread.interrupt();
    context.endThreads();
  }
}
