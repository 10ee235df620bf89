package io.narthex.scrape;

import io.narthex.exposition.ExpositionException;
import io.narthex.exposition.ExpositionFormat;
import io.narthex.model.Labels;
import io.narthex.model.MetricMetadata;
import io.narthex.model.StaleMarker;
import io.narthex.model.go.PromDuration;
import io.narthex.service.metrics.Metrics;
import io.narthex.service.storage.StorageGate;
import io.narthex.service.targets.TargetService.Health;
import io.narthex.spi.plugin.HttpTransport;
import io.narthex.spi.storage.AppendResult;
import io.narthex.spi.storage.SampleBatch;
import io.narthex.spi.storage.StorageException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Arrays;
import java.util.Collection;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Scrapes one target on a virtual thread of its own, at fixed ticks.
 *
 * <p><b>Time.</b> The first tick comes after an offset that depends on the target and the server's
 * seed. All samples of a scrape get the tick's time when the scrape begins within 2 ms (at most 1 %
 * of the interval) of it, else the time it really began. When the wall clock has jumped, either
 * way, the ticks start from scratch.
 *
 * <p><b>Faults.</b> No exception ends the loop: a scrape that meets one counts as failed, with
 * {@code up} 0 and stale markers. Only {@link OutOfMemoryError} is rethrown, which ends the server.
 *
 * <p><b>Storage.</b> While a storage is replaced, the loop continues to scrape into its {@link
 * Backlog}, which is stored in order, with its own timestamps, as soon as the new storage is there.
 *
 * <p><b>Concurrency.</b> The loop's thread alone touches {@link #intake} and the references.
 * Settings come in through one volatile field; the status for the pages goes out through another.
 */
final class ScrapeLoop {
  private static final Logger LOG = LoggerFactory.getLogger(ScrapeLoop.class);
  private static final long RETRY_MS = 20;
  private static final String[] REPORTS = {
    "up",
    "scrape_duration_seconds",
    "scrape_samples_scraped",
    "scrape_samples_post_metric_relabeling",
    "scrape_series_added",
    "scrape_timeout_seconds",
    "scrape_sample_limit",
    "scrape_body_size_bytes"
  };
  private static final int BASIC_REPORTS = 5;

  /** In place of the row of the reports: they follow when the storage has judged the samples. */
  private static final int LATER = -1;

  /** What the loop scrapes and how; replaced by a reload. */
  record Work(Target target, ScrapeSettings settings, String refusal) {}

  /**
   * A scrape whose samples are not stored yet.
   *
   * @param format of the body; null when the metrics were collected in process, or there are none
   * @param seconds how long it took; NaN while it runs
   * @param error why there is no exposition, or empty
   */
  record Fetched(
      Work work,
      @Nullable ExpositionFormat format,
      long timeMs,
      long startNanos,
      double seconds,
      double bodySize,
      String error) {
    /** Returns whether there is an exposition. */
    boolean exposed() {
      return error.isEmpty();
    }

    Fetched after(double took) {
      return new Fetched(work, format, timeMs, startNanos, took, bodySize, error);
    }
  }

  /** The result of the newest scrape. */
  record Status(Health health, String error, long timeMs, double seconds) {}

  private static final Status NOTHING_YET = new Status(Health.UNKNOWN, "", 0, 0);

  private final Host host;
  private final SampleIntake intake;
  private final Backlog backlog; // loop's thread only
  private final long[] reportRefs = new long[REPORTS.length];
  private final Thread thread;

  private volatile Work work;
  private volatile Status status = NOTHING_YET;
  private volatile boolean stopping;
  private volatile boolean markEnd;

  /** What the intake and the references were made for; loop's thread only. */
  private Work current;

  private final ScrapeSource.Requests requests = new ScrapeSource.Requests(); // likewise

  /** Bytes of the newest body that could be read; loop's thread only. */
  private int bodyLength;

  private @Nullable String lastWarning;

  /** What all loops share. */
  record Host(
      StorageGate storage,
      ScrapeSource source,
      ScrapeMetrics metrics,
      Scratch.Pool scratches,
      FailureLog failures,
      Backlog.Budget budget,
      long seed,
      Clock clock,
      long toleranceMs,
      ScrapeSettings.Features features) {}

  ScrapeLoop(Host host, Target target, ScrapeSettings settings, String refusal) {
    this.host = host;
    this.work = new Work(target, settings, refusal);
    this.current = work;
    this.intake = new SampleIntake(host.storage, host.metrics, settings, target);
    this.backlog = new Backlog(host.budget);
    Arrays.fill(reportRefs, SeriesTable.NO_REF);
    this.thread =
        Thread.ofVirtual()
            .name("scrape " + settings.config.jobName() + " " + target.url())
            .unstarted(this::run);
  }

  void start() {
    thread.start();
  }

  /** Changes what is scraped; ticks stay as they are unless the interval changes. */
  void update(Target target, ScrapeSettings settings, String refusal) {
    Work before = work;
    work = new Work(target, settings, refusal);
    if (before.target.intervalMs() != target.intervalMs()) {
      LockSupport.unpark(thread);
    }
  }

  /**
   * Ends the loop.
   *
   * @param gone whether the target is gone and its series end here
   */
  void stop(boolean gone) {
    markEnd = gone;
    stopping = true;
    thread.interrupt();
  }

  /** Waits for the end of the loop, at most {@code ms} milliseconds. */
  void join(long ms) throws InterruptedException {
    thread.join(ms);
  }

  Target target() {
    return work.target;
  }

  Status status() {
    return status;
  }

  Collection<MetricMetadata> metadata() {
    return intake.metadata();
  }

  private void run() {
    try {
      ticks();
    } catch (InterruptedException _) {
      // stopped
    }
    try {
      if (!backlog.isEmpty()) {
        Thread.interrupted();
        drainBacklog();
      }
      if (markEnd) {
        Thread.interrupted();
        end();
      }
    } catch (RuntimeException | Error e) {
      rethrowOutOfMemory(e);
      fault(work, "stale markers cannot be stored", e);
    }
  }

  private void ticks() throws InterruptedException {
    long tickMs = firstTick(work);
    long intervalMs = work.target.intervalMs();
    long lastStartNanos = 0;
    while (!stopping) {
      boolean reached = sleepUntil(tickMs, intervalMs);
      if (stopping) {
        return;
      }
      Work w = work;
      if (!reached) {
        intervalMs = w.target.intervalMs();
        tickMs = firstTick(w);
        continue;
      }
      long now = host.clock.millis();
      tickMs +=
          (now - tickMs) / intervalMs * intervalMs; // skips the ticks that a slow scrape missed
      long timeMs = timeOf(now, tickMs, intervalMs, host.toleranceMs);
      long startNanos = System.nanoTime();
      if (lastStartNanos != 0) {
        Metrics.Summary lengths =
            host.metrics.intervalLength.with(PromDuration.formatMs(intervalMs));
        lengths.observe((startNanos - lastStartNanos) / 1e9);
      }
      lastStartNanos = startNanos;
      try {
        scrape(w, timeMs, startNanos);
      } catch (RuntimeException | Error e) {
        rethrowOutOfMemory(e);
        storeFault(w, timeMs, startNanos, fault(w, "the scrape failed", e));
      }
      tickMs += intervalMs;
    }
  }

  private long firstTick(Work w) {
    long now = host.clock.millis();
    return now + w.target.offsetMs(now, host.seed);
  }

  /** Returns the timestamp of a scrape: its tick, when it begins within the tolerance, else now. */
  static long timeOf(long nowMs, long tickMs, long intervalMs, long toleranceMs) {
    long most = Math.min(intervalMs / 100, toleranceMs);
    return toleranceMs >= 0 && nowMs - tickMs <= most ? tickMs : nowMs;
  }

  /**
   * Sleeps until a time of the wall clock. Returns false when the ticks have to start from scratch:
   * the interval has changed, or the clock has been set back so that the time is more than an
   * interval away.
   */
  private boolean sleepUntil(long tickMs, long intervalMs) throws InterruptedException {
    while (!stopping) {
      long left = tickMs - host.clock.millis();
      if (left > intervalMs || work.target.intervalMs() != intervalMs) {
        return false;
      }
      if (left <= 0) {
        return true;
      }
      if (!backlog.isEmpty() && !storeBacklog()) {
        left = Math.min(left, RETRY_MS);
      }
      LockSupport.parkNanos(this, TimeUnit.MILLISECONDS.toNanos(Math.min(left, intervalMs)));
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
    }
    return false;
  }

  /** Rethrows what must end the server. */
  private static void rethrowOutOfMemory(Throwable e) {
    if (e instanceof OutOfMemoryError memory) {
      throw memory;
    }
  }

  /**
   * Counts a fault and logs it unless it equals the last one; returns the message for the targets
   * page.
   */
  private String fault(Work w, String what, Throwable e) {
    host.metrics.faults.inc();
    host.metrics.failed(ScrapeFailure.Kind.FAULT);
    String message = what + " because of a fault of the server: " + e;
    if (!message.equals(lastWarning)) {
      lastWarning = message;
      LOG.error("scrape of {}: {}; the loop continues", w.target.url(), message, e);
    }
    return message;
  }

  /** Stores {@code up} 0 without the intake, which may have met the fault itself. */
  private void storeFault(Work w, long timeMs, long startNanos, String error) {
    double seconds = (System.nanoTime() - startNanos) / 1e9;
    status = new Status(Health.DOWN, error, timeMs, seconds);
    intake.forget();
    if (!host.storage.tryHold()) {
      return;
    }
    try {
      SampleBatch batch = new SampleBatch(REPORTS.length);
      report(w, batch, timeMs, false, seconds, 0);
      if (host.storage.append(batch).count(AppendResult.UNKNOWN_SERIES) > 0) {
        Arrays.fill(reportRefs, SeriesTable.NO_REF);
      }
    } catch (RuntimeException | Error e) {
      rethrowOutOfMemory(e);
      LOG.debug("scrape of {}: the fault cannot be stored", w.target.url(), e);
    } finally {
      host.storage.release();
    }
  }

  private void adopt(Work w) {
    if (w != current) {
      intake.update(w.settings, w.target);
      if (!w.target.labels().equals(current.target.labels())) {
        Arrays.fill(reportRefs, SeriesTable.NO_REF);
      }
      current = w;
    }
  }

  private void scrape(Work w, long timeMs, long startNanos) throws InterruptedException {
    Scratch scratch = host.scratches.take();
    try {
      Fetched scrape = fetch(w, timeMs, startNanos, scratch);
      if ((backlog.isEmpty() || storeBacklog()) && host.storage.tryHold()) {
        try {
          store(w, scrape, scratch);
        } finally {
          host.storage.release();
        }
        return;
      }
      double seconds = (System.nanoTime() - startNanos) / 1e9;
      String error = scrape.error;
      if (!backlog.add(scrape.after(seconds), scratch, System.nanoTime())) {
        host.metrics.lost.inc();
        error = "the storage accepts no samples";
        warn(w, "samples are lost: the replacement of the storage takes too long");
      }
      status = new Status(error.isEmpty() ? Health.UP : Health.DOWN, error, timeMs, seconds);
    } finally {
      host.scratches.give(scratch);
    }
  }

  private Fetched fetch(Work w, long timeMs, long startNanos, Scratch scratch)
      throws InterruptedException {
    ExpositionFormat format = null;
    double bodySize = 0;
    String error = "";
    int expected = bodyLength;
    try {
      if (!w.refusal.isEmpty()) {
        throw new ScrapeFailure(ScrapeFailure.Kind.TARGET_LIMIT, w.refusal);
      }
      bodyLength = 0; // the next body is not expected to be as large as one that failed
      format = host.source.fetch(w.target, w.settings, requests, scratch, expected);
      bodySize = format == null ? scratch.collected.size() : scratch.length;
      bodyLength = scratch.length;
    } catch (ScrapeFailure e) {
      error = message(e);
      count(e.kind);
      if (e.kind == ScrapeFailure.Kind.BODY_SIZE) {
        bodySize = -1;
      } else if (e.kind == ScrapeFailure.Kind.ROOM) {
        bodyLength = expected; // waits for room again
      }
    } catch (IOException e) {
      error = message(e);
      count(isTimeout(e) ? ScrapeFailure.Kind.TIMEOUT : ScrapeFailure.Kind.CONNECTION);
    } catch (RuntimeException | Error e) {
      rethrowOutOfMemory(e);
      format = null;
      error = fault(w, "the scrape failed", e);
    }
    return new Fetched(w, format, timeMs, startNanos, Double.NaN, bodySize, error);
  }

  /** Stores the backlog as long as the storage accepts it; returns whether nothing is left. */
  private boolean storeBacklog() {
    while (!backlog.isEmpty() && host.storage.tryHold()) {
      try {
        storeFirst();
      } finally {
        host.storage.release();
      }
    }
    return backlog.isEmpty();
  }

  /** Stores the rest of the backlog at the end of the loop; waits for the storage. */
  private void drainBacklog() {
    try {
      while (!backlog.isEmpty()) {
        storeFirst();
      }
    } finally {
      backlog.clear();
    }
  }

  private void storeFirst() {
    Scratch scratch = host.scratches.take();
    try {
      Fetched scrape = backlog.first(scratch);
      backlog.removeFirst();
      if (scrape != null) {
        store(scrape.work, scrape, scratch);
      }
    } finally {
      host.scratches.give(scratch);
    }
  }

  private void store(Work w, Fetched scrape, Scratch scratch) {
    adopt(w);
    long timeMs = scrape.timeMs;
    String error = scrape.error;
    double bodySize = scrape.bodySize;
    ExpositionFormat format = scrape.format;
    int sampleRows = 0;
    if (scrape.exposed()) {
      try {
        intake.take(
            format,
            scratch,
            timeMs,
            System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(w.target.timeoutMs()));
        sampleRows = intake.exposedRows();
      } catch (ScrapeFailure e) {
        error = message(e);
        count(e.kind);
      } catch (StorageException e) {
        error = message(e);
        count(ScrapeFailure.Kind.STORAGE);
      } catch (ExpositionException e) {
        error = message(e);
        count(ScrapeFailure.Kind.EXPOSITION);
      } catch (RuntimeException | Error e) {
        rethrowOutOfMemory(e);
        error = fault(w, "the exposition cannot be processed", e);
      }
    }
    SampleBatch batch = scratch.batch;
    if (!error.isEmpty()) {
      batch.clear();
      intake.takeNothing(batch, timeMs, scrape.exposed());
      sampleRows = 0;
    }
    double seconds =
        Double.isNaN(scrape.seconds)
            ? (System.nanoTime() - scrape.startNanos) / 1e9
            : scrape.seconds;
    host.metrics.scrapeDuration.observe(seconds);
    status = new Status(error.isEmpty() ? Health.UP : Health.DOWN, error, timeMs, seconds);
    int reportRow = batch.size();
    try {
      if (intake.addedDependsOnStorage()) {
        reportRow = LATER;
      } else {
        report(w, batch, timeMs, error.isEmpty(), seconds, bodySize);
      }
      append(w, format, scratch, sampleRows, reportRow, timeMs, seconds, bodySize, error);
    } catch (StorageException e) {
      warn(w, "samples cannot be stored: " + message(e));
    }
    if (!error.isEmpty()) {
      LOG.debug("scrape of {} failed: {}", w.target.url(), error);
      String file = w.settings.config.scrapeFailureLogFile();
      if (file != null && !file.isEmpty()) {
        host.failures.write(Path.of(file), w.settings.config.jobName(), w.target.url(), error);
      }
    }
  }

  private static String message(Exception e) {
    String message = e.getMessage();
    return message == null || message.isEmpty() ? e.toString() : message;
  }

  private static boolean isTimeout(IOException e) {
    return e instanceof InterruptedIOException || HttpTransport.isTimeout(e);
  }

  private void count(ScrapeFailure.Kind kind) {
    host.metrics.failed(kind);
    switch (kind) {
      case BODY_SIZE -> host.metrics.exceededBodySize.inc();
      case SAMPLE_LIMIT -> host.metrics.exceededSampleLimit.inc();
      case LABEL_LIMIT -> host.metrics.exceededLabelLimits.inc();
      case BUCKET_LIMIT -> host.metrics.exceededBucketLimit.inc();
      case ROOM -> host.metrics.outOfRoom.inc();
      default -> {
        // Prometheus has no counter of its own for these
      }
    }
  }

  private void append(
      Work w,
      @Nullable ExpositionFormat format,
      Scratch scratch,
      int sampleRows,
      int reportRow,
      long timeMs,
      double seconds,
      double bodySize,
      String error) {
    AppendResult result = host.storage.append(scratch.batch);
    if (error.isEmpty()) {
      intake.stored();
    }
    host.metrics.exemplarOutOfOrder.add(result.rejectedExemplars());
    boolean later = reportRow == LATER;
    if (result.allOk() && !later) {
      return;
    }
    SampleBatch second = new SampleBatch(later ? REPORTS.length : scratch.batch.size());
    if (sampleRows > 0 && !result.allOk()) {
      int exposed = later ? sampleRows : Math.min(sampleRows, reportRow);
      intake.afterAppend(result, format, scratch, exposed, second, timeMs);
    }
    int secondReport = second.size();
    if (later || result.code(reportRow) == AppendResult.UNKNOWN_SERIES) {
      if (!later) {
        Arrays.fill(reportRefs, SeriesTable.NO_REF);
      }
      report(w, second, timeMs, error.isEmpty(), seconds, bodySize);
    }
    if (second.size() > 0
        && host.storage.append(second).code(Math.min(secondReport, second.size() - 1))
            == AppendResult.UNKNOWN_SERIES
        && later) {
      Arrays.fill(reportRefs, SeriesTable.NO_REF);
      SampleBatch third = new SampleBatch(REPORTS.length);
      report(w, third, timeMs, error.isEmpty(), seconds, bodySize);
      host.storage.append(third);
    }
  }

  private void report(
      Work w, SampleBatch batch, long timeMs, boolean up, double seconds, double bodySize) {
    int n = w.settings.extraMetrics ? REPORTS.length : BASIC_REPORTS;
    for (int i = 0; i < n; i++) {
      if (reportRefs[i] == SeriesTable.NO_REF) {
        reportRefs[i] =
            host.storage.resolve(w.target.labels().with(Labels.METRIC_NAME, REPORTS[i]));
      }
      double value =
          switch (i) {
            case 0 -> up ? 1 : 0;
            case 1 -> seconds;
            case 2 -> intake.scraped();
            case 3 -> intake.kept();
            case 4 -> intake.added();
            case 5 -> w.target.timeoutMs() / 1000.0;
            case 6 -> w.settings.sampleLimit;
            default -> bodySize;
          };
      batch.add(reportRefs[i], timeMs, value);
    }
  }

  /** Stores stale markers for all series of the target. */
  private void end() {
    SampleBatch batch = new SampleBatch(256);
    long timeMs = Math.max(host.clock.millis(), status.timeMs + 1);
    intake.endAll(batch, timeMs);
    for (long ref : reportRefs) {
      if (ref != SeriesTable.NO_REF) {
        batch.add(ref, timeMs, StaleMarker.VALUE);
      }
    }
    try {
      if (batch.size() > 0) {
        host.storage.append(batch);
      }
    } catch (StorageException e) {
      LOG.warn("stale markers of {} cannot be stored: {}", work.target.url(), e.getMessage());
    }
  }

  private void warn(Work w, String message) {
    if (!message.equals(lastWarning)) {
      lastWarning = message;
      LOG.warn("scrape of {}: {}", w.target.url(), message);
    }
  }
}
