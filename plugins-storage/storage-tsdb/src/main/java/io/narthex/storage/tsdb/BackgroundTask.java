package io.narthex.storage.tsdb;

import io.narthex.spi.storage.StorageException;
import io.narthex.storage.tsdb.metrics.Counters;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A piece of background work that is run again and again. A failure, be it an Error such as that of
 * a page that cannot be read, is counted and logged, and touches neither other work nor the thread.
 * Confined to one thread at a time.
 */
final class BackgroundTask {
  private static final Logger log = LoggerFactory.getLogger(BackgroundTask.class);
  private static final long LOG_AGAIN_NANOS = TimeUnit.MINUTES.toNanos(10);

  private final String name;
  private final Path folder;
  private final Counters counters;
  private final String failures;
  private final Runnable work;
  private String problem = ""; // class of the last failure, empty after a success
  private long loggedNanos;

  /**
   * Creates a task.
   *
   * @param name says in logs and metrics what it does
   * @param alsoCounts metric of Prometheus that counts its failures too; empty = none
   */
  BackgroundTask(String name, Path folder, Counters counters, String alsoCounts, Runnable work) {
    this.name = name;
    this.folder = folder;
    this.counters = counters;
    this.work = work;
    failures = alsoCounts;
    counters.add(Counters.failuresOf(name), 0);
  }

  void run() {
    try {
      work.run();
    } catch (Throwable e) { // an Error of one run must not end the thread and so all later runs
      failed(e);
      return;
    }
    if (!problem.isEmpty()) {
      problem = "";
      log.info("tsdb {}: {} works again", folder, name);
    }
  }

  private void failed(Throwable e) {
    counters.add(Counters.failuresOf(name), 1);
    if (!failures.isEmpty()) {
      counters.add(failures, 1);
    }
    String kind = e.getClass().getName();
    long now = System.nanoTime();
    if (kind.equals(problem) && now - loggedNanos < LOG_AGAIN_NANOS) {
      return;
    }
    problem = kind;
    loggedNanos = now;
    if (e instanceof StorageException) {
      log.error("tsdb {}: {} failed, will be tried again: {}", folder, name, e.getMessage());
    } else {
      log.error("tsdb {}: {} failed, will be tried again", folder, name, e);
    }
  }
}
