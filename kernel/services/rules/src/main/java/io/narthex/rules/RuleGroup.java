package io.narthex.rules;

import io.narthex.model.Labels;
import io.narthex.model.StaleMarker;
import io.narthex.rules.GroupSpec.RuleSpec;
import io.narthex.rules.RuleContext.Output;
import io.narthex.service.query.QueryException;
import io.narthex.service.rules.RuleService;
import io.narthex.service.rules.RuleService.Health;
import io.narthex.spi.storage.AppendResult;
import io.narthex.spi.storage.SampleBatch;
import io.narthex.spi.storage.StorageException;
import io.narthex.text.number.Fnv1a;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A running group, on its own thread. The timestamp of an evaluation is its slot, a multiple of the
 * interval plus an offset by the hash of the group's name; missed slots are counted and skipped,
 * unless they were missed because a storage was being replaced. When the wall clock is set back,
 * the slots start again from there: a group never waits longer than its interval. No exception and
 * no error of a function ends a group.
 */
final class RuleGroup {
  private static final Logger LOG = LoggerFactory.getLogger(RuleGroup.class);
  private static final Duration STORAGE_WAIT = Duration.ofSeconds(60);
  private static final long STORAGE_POLL_MS = 20;

  private final GroupSpec spec;
  private final Duration interval;
  private final Duration offset;
  private final RuleContext context;
  private final Clock clock;
  private final List<ActiveRule> rules;
  private final boolean restoreWanted;
  private final SampleBatch batch = new SampleBatch(64); // group's thread only
  private final CountDownLatch stopping = new CountDownLatch(1);

  /** Series of removed rules; they get a staleness marker with the next evaluation. */
  private final List<Labels> orphans = new ArrayList<>(); // group's thread; any before start

  private boolean waitedForStorage; // group's thread only

  private volatile @Nullable Thread thread;
  private volatile double evaluationSeconds;
  private volatile long lastEvaluationMs;

  /**
   * Creates a group that does not run yet.
   *
   * @param restoreWanted whether alerts restore their state from the storage
   */
  RuleGroup(
      GroupSpec spec,
      Duration interval,
      Duration offset,
      RuleContext context,
      Clock clock,
      boolean restoreWanted) {
    this.spec = spec;
    this.interval = interval;
    this.offset = offset;
    this.context = context.of(spec.file(), spec.name());
    this.clock = clock;
    this.restoreWanted = restoreWanted;
    List<ActiveRule> list = new ArrayList<>();
    for (RuleSpec r : spec.rules()) {
      list.add(r.alerting() ? new AlertRule(r, !restoreWanted) : new ActiveRule.Recording(r));
    }
    this.rules = List.copyOf(list);
  }

  GroupSpec spec() {
    return spec;
  }

  Duration interval() {
    return interval;
  }

  Duration offset() {
    return offset;
  }

  List<ActiveRule> rules() {
    return rules;
  }

  /** Takes over the state of a stopped group of the same name. */
  void takeOver(RuleGroup before) {
    Map<String, Deque<ActiveRule>> old = new HashMap<>();
    for (ActiveRule r : before.rules) {
      old.computeIfAbsent(r.spec.name() + r.spec.labels(), k -> new ArrayDeque<>()).add(r);
    }
    for (ActiveRule r : rules) {
      Deque<ActiveRule> candidates = old.get(r.spec.name() + r.spec.labels());
      ActiveRule same = candidates == null ? null : candidates.poll();
      if (same == null) {
        continue;
      }
      r.series = same.series;
      same.series = new HashMap<>();
      if (r instanceof AlertRule a && same instanceof AlertRule b) {
        a.takeOver(b);
      }
    }
    old.values().forEach(d -> d.forEach(r -> orphans.addAll(r.series.keySet())));
    orphans.addAll(before.orphans);
    evaluationSeconds = before.evaluationSeconds;
    lastEvaluationMs = before.lastEvaluationMs;
  }

  void start() {
    thread = Thread.ofVirtual().name("rules " + spec.key()).start(this::run);
  }

  /**
   * Stops and waits for a running evaluation.
   *
   * @param removed whether the group is no longer configured, so that its series end
   */
  void stop(boolean removed) {
    stopping.countDown();
    Thread t = thread;
    if (t != null && t != Thread.currentThread()) {
      try {
        t.join(Duration.ofSeconds(30));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
    if (removed) {
      if (context.metrics() != null) {
        context.metrics().remove(spec.key());
      }
      Thread.ofVirtual().name("rules end " + spec.key()).start(this::endSeries);
    }
  }

  /** Ends all series of a removed group, after renamed rules had time to continue them. */
  private void endSeries() {
    try {
      Thread.sleep(interval.multipliedBy(2));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return;
    }
    for (ActiveRule r : rules) {
      orphans.addAll(r.series.keySet());
      r.series = new HashMap<>();
    }
    batch.clear();
    markOrphans(clock.millis());
  }

  /** Returns the newest slot at or before a time. */
  static long slotMs(String key, long intervalMs, long nowMs) {
    long h = Fnv1a.of(key);
    h ^= h >>> 32;
    long shift = Math.floorMod(h, intervalMs);
    return Math.floorDiv(nowMs - shift, intervalMs) * intervalMs + shift;
  }

  private void run() {
    try {
      long intervalMs = interval.toMillis();
      long slot = nextSlot(intervalMs);
      if (context.metrics() != null) {
        context.metrics().rules.with(spec.key()).set(rules.size());
        context.metrics().interval.with(spec.key()).set(intervalMs / 1000.0);
        context.metrics().begin(spec.key());
      }
      int done = 0;
      while (true) {
        Wait wait = waitUntil(slot, intervalMs);
        if (wait == Wait.STOPPED) {
          return;
        }
        if (wait == Wait.CLOCK_SET_BACK) {
          LOG.warn(
              "rule group {}: the clock has been set back, its slots start again from there",
              spec.key());
          slot = nextSlot(intervalMs);
          continue;
        }
        try {
          iterate(slot);
          done++;
          if (restoreWanted && done == 2) {
            restore();
          }
        } catch (RuntimeException | Error e) {
          rethrowFatal(e);
          LOG.error(
              "rule group {}: an evaluation failed by an internal error; the group continues",
              spec.key(),
              e);
        }
        long missed = Math.max(0, Math.floorDiv(clock.millis() - slot, intervalMs) - 1);
        if (waitedForStorage) {
          waitedForStorage = missed > 0; // evaluates missed slots until it has caught up
          missed = 0;
        }
        // the current slot is still evaluated, those before it are skipped
        long next = slot + intervalMs;
        if (missed > 0) {
          next += missed * intervalMs;
          if (context.metrics() != null) {
            context.metrics().missed.with(spec.key()).add(missed);
            context.metrics().iterations.with(spec.key()).add(missed);
          }
        }
        slot = next;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private long nextSlot(long intervalMs) {
    return slotMs(spec.key(), intervalMs, clock.millis()) + intervalMs;
  }

  private enum Wait {
    REACHED,
    STOPPED,
    CLOCK_SET_BACK
  }

  /** Waits for a wall clock time; the clock may jump meanwhile. */
  private Wait waitUntil(long timeMs, long intervalMs) throws InterruptedException {
    while (true) {
      long left = timeMs - clock.millis();
      if (left > intervalMs) {
        return Wait.CLOCK_SET_BACK;
      }
      if (stopping.await(Math.max(0, left), TimeUnit.MILLISECONDS)) {
        return Wait.STOPPED;
      }
      if (left <= 0) {
        return Wait.REACHED;
      }
    }
  }

  /** Rethrows what a group cannot continue after. */
  private static void rethrowFatal(Throwable e) {
    if (e instanceof OutOfMemoryError memory) {
      throw memory;
    }
  }

  private void iterate(long slot) {
    long began = System.nanoTime();
    evaluate(slot);
    evaluationSeconds = (System.nanoTime() - began) / 1e9;
    lastEvaluationMs = slot;
    RuleMetrics m = context.metrics();
    if (m != null) {
      m.iterations.with(spec.key()).inc();
      m.groupDuration.observe(evaluationSeconds);
      m.lastDuration.with(spec.key()).set(evaluationSeconds);
      m.lastEvaluation.with(spec.key()).set(slot / 1000.0);
      m.lastRuleSum
          .with(spec.key())
          .set(rules.stream().mapToDouble(r -> r.evaluationSeconds).sum());
    }
  }

  private void restore() {
    long began = System.nanoTime();
    for (ActiveRule r : rules) {
      if (r instanceof AlertRule a && !a.isRestored()) {
        try {
          a.restore(context, clock.millis());
        } catch (RuntimeException | Error e) {
          rethrowFatal(e);
          LOG.error("alert {}: state cannot be restored: {}", r.spec.name(), e.getMessage());
        }
      }
    }
    if (context.metrics() != null) {
      context.metrics().lastRestore.with(spec.key()).set((System.nanoTime() - began) / 1e9);
    }
  }

  /** Evaluates all rules once, in order. */
  void evaluate(long slot) {
    int samples = 0;
    for (ActiveRule rule : rules) {
      if (stopping.getCount() == 0) {
        return;
      }
      samples += evaluate(rule, slot);
    }
    if (!orphans.isEmpty()) {
      batch.clear();
      markOrphans(slot - offset.toMillis());
    }
    if (context.metrics() != null) {
      context.metrics().samples.with(spec.key()).set(samples);
    }
  }

  private int evaluate(ActiveRule rule, long slot) {
    long began = System.nanoTime();
    RuleMetrics m = context.metrics();
    if (m != null) {
      m.evaluations.with(spec.key()).inc();
    }
    int samples = 0;
    try {
      List<Output> outputs = evaluateWithStorage(rule, slot);
      rule.health = Health.OK;
      rule.lastError = "";
      samples = outputs.size();
      if (rule instanceof AlertRule alerts) {
        List<io.narthex.model.Alert> send = alerts.toSend(context, slot, interval);
        if (!send.isEmpty()) {
          context.sender().send(send);
        }
      }
      append(rule, outputs, slot - offset.toMillis());
    } catch (RuntimeException | Error e) {
      rethrowFatal(e);
      rule.health = Health.ERR;
      rule.lastError = e instanceof Error ? e.toString() : String.valueOf(e.getMessage());
      if (m != null) {
        m.failures.with(spec.key()).inc();
      }
      LOG.warn(
          "rule group {}, rule {}: evaluation failed: {}",
          spec.key(),
          rule.spec.name(),
          rule.lastError);
    }
    rule.evaluationSeconds = (System.nanoTime() - began) / 1e9;
    rule.lastEvaluationMs = slot;
    if (m != null) {
      m.evaluationDuration.observe(rule.evaluationSeconds);
    }
    return samples;
  }

  /**
   * Evaluates; while a storage is being replaced, waits for the new one. The samples have the
   * timestamp of the slot, so a later evaluation gives the same.
   */
  private List<Output> evaluateWithStorage(ActiveRule rule, long slot) {
    long deadline = System.nanoTime() + STORAGE_WAIT.toNanos();
    while (true) {
      awaitStorage(deadline);
      try {
        return rule.evaluate(context, slot, offset, spec.limit());
      } catch (QueryException e) {
        boolean replaced =
            e.kind() == QueryException.Kind.UNAVAILABLE && !context.storage().ready();
        if (!replaced || stopping.getCount() == 0 || System.nanoTime() - deadline > 0) {
          throw e;
        }
      }
    }
  }

  /** Waits until a storage is ready, the group has to stop, or the deadline has passed. */
  private void awaitStorage(long deadlineNanos) {
    try {
      while (!context.storage().ready()
          && System.nanoTime() - deadlineNanos < 0
          && !stopping.await(STORAGE_POLL_MS, TimeUnit.MILLISECONDS)) {
        waitedForStorage = true;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Writes the samples of a rule, and staleness markers for series it no longer produces. */
  private void append(ActiveRule rule, List<Output> outputs, long staleMs) {
    batch.clear();
    Map<Labels, Long> now = new HashMap<>();
    List<Labels> rows = new ArrayList<>();
    for (Output o : outputs) {
      Long ref = rule.series.get(o.labels());
      if (ref == null) {
        ref = context.storage().resolve(o.labels());
      }
      now.put(o.labels(), ref);
      rows.add(o.labels());
      if (o.histogram() == null) {
        batch.add(ref, o.timeMs(), o.value());
      } else {
        batch.add(ref, o.timeMs(), o.histogram());
      }
    }
    int own = batch.size();
    for (Map.Entry<Labels, Long> e : rule.series.entrySet()) {
      if (!now.containsKey(e.getKey())) {
        rows.add(e.getKey());
        batch.add(e.getValue(), staleMs, StaleMarker.VALUE);
      }
    }
    AppendResult result = send(rows);
    rule.series = now;
    int refused = 0;
    for (int row = 0; row < own; row++) {
      byte code = result.code(row);
      now.put(rows.get(row), batch.ref(row)); // a new one when the storage was replaced
      if (code != AppendResult.OK) {
        refused++;
        now.remove(rows.get(row));
      }
    }
    if (refused > 0) {
      LOG.warn(
          "rule group {}, rule {}: the storage refused {} of {} samples: {} out of order, {} duplicate, {} too old",
          spec.key(),
          rule.spec.name(),
          refused,
          own,
          result.count(AppendResult.OUT_OF_ORDER),
          result.count(AppendResult.DUPLICATE),
          result.count(AppendResult.TOO_OLD) + result.count(AppendResult.OUT_OF_BOUNDS));
    }
  }

  /** Appends the batch; series that the storage does not know are resolved again, once. */
  private AppendResult send(List<Labels> rows) {
    if (batch.size() == 0) {
      return AppendResult.ALL_OK;
    }
    AppendResult result = context.storage().append(batch);
    if (result.allOk() || result.count(AppendResult.UNKNOWN_SERIES) == 0) {
      return result;
    }
    // samples that were appended are appended again: the storage ignores exact duplicates
    for (int row = 0; row < batch.size(); row++) {
      if (result.code(row) == AppendResult.UNKNOWN_SERIES) {
        batch.ref(row, context.storage().resolve(rows.get(row)));
      }
    }
    return context.storage().append(batch);
  }

  private void markOrphans(long timeMs) {
    List<Labels> rows = List.copyOf(orphans);
    orphans.clear();
    try {
      for (Labels l : rows) {
        batch.add(context.storage().resolve(l), timeMs, StaleMarker.VALUE);
      }
      send(rows);
    } catch (StorageException e) {
      LOG.warn("rule group {}: series cannot be ended: {}", spec.key(), e.getMessage());
    }
  }

  RuleService.Group view() {
    return new RuleService.Group(
        spec.name(),
        spec.file(),
        interval.toMillis() / 1000.0,
        spec.limit(),
        evaluationSeconds,
        lastEvaluationMs,
        rules.stream().map(ActiveRule::view).toList());
  }
}
