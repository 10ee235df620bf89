package io.narthex.query.context;

import io.narthex.model.Labels;
import io.narthex.promql.DurationExpr;
import io.narthex.promql.Expr.At;
import io.narthex.promql.PosRange;
import io.narthex.query.math.GoMath;
import io.narthex.query.series.Samples;
import io.narthex.query.series.StepSeries;
import io.narthex.service.query.QueryException;
import io.narthex.service.query.QueryException.Kind;
import io.narthex.spi.storage.SelectMemory;
import io.narthex.spi.storage.SelectRequest;
import io.narthex.spi.storage.SeriesCursor;
import io.narthex.spi.storage.Storage;
import io.narthex.spi.storage.StorageException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The state of one running query: limits, annotations, storage, statistics. Not thread-safe. */
public final class QueryContext {
  private static final long MOST_STEPS = Integer.MAX_VALUE - 8;

  /** The error of a query that would hold too many samples or bytes. */
  public static final String TOO_MANY =
      "query processing would load too many samples into memory in query execution";

  public final EngineOptions options;
  final Storage storage;

  public final Annotations annotations;
  public final long startMs;
  public final long endMs;
  public final long stepMs;
  public final boolean instant;
  public final long lookbackMs;

  /** Results of selectors, so that a selector that occurs twice is read once. */
  public final Map<Object, List<Samples>> selections = new HashMap<>();

  /** The same for instant selectors. */
  public final Map<Object, List<StepSeries>> vectors = new HashMap<>();

  /** Samples read for each of them, counted again on each reuse. */
  public final Map<Object, Long> kept = new HashMap<>();

  private final long deadlineNanos;
  private long samples;
  private long peak;
  private long samplesRead;
  private int ticks;
  private long bytes;
  private long retained;
  private final long samplesBefore;
  private final QueryMemory.Share memory;
  private final QueryTurns.Turn turn;
  private final Thread owner = Thread.currentThread(); // helper threads must not change its lane
  private long queryable;
  private int insideSubquery;
  private long inSubqueries;
  private long[] perStep = new long[0];

  public QueryContext(
      EngineOptions options,
      Storage storage,
      long startMs,
      long endMs,
      long stepMs,
      boolean instant,
      long lookbackMs,
      long deadlineNanos,
      Annotations annotations,
      QueryMemory.Share memory,
      QueryTurns.Turn turn,
      long samplesBefore,
      long bytesBefore) {
    this.options = options;
    this.storage = storage;
    this.annotations = annotations;
    this.memory = memory;
    this.turn = turn;
    this.samplesBefore = samplesBefore;
    this.retained = bytesBefore;
    this.startMs = startMs;
    this.endMs = endMs;
    this.stepMs = stepMs;
    this.instant = instant;
    this.lookbackMs = lookbackMs;
    this.deadlineNanos = deadlineNanos;
  }

  public static QueryException failed(String message) {
    return new QueryException(Kind.EXECUTION, message);
  }

  public static QueryException canceled() {
    return new QueryException(Kind.CANCELED, "query was canceled in expression evaluation");
  }

  /** Counts samples that are now held, and fails when they are too many. */
  public void hold(long n) {
    settle(samples + n);
  }

  public void release(long n) {
    samples -= n;
  }

  /** Returns how many samples are held. */
  public long held() {
    return samples;
  }

  /** Sets how many samples are held, and fails when they are too many. */
  public void settle(long n) {
    samples = n;
    peak = Math.max(peak, n);
    if (samplesBefore + n > options.maxSamples()) {
      throw new TooManySamples();
    }
  }

  /** The limit of samples is exceeded. */
  public static final class TooManySamples extends RuntimeException {
    private static final long serialVersionUID = 1;

    TooManySamples() {
      super(TOO_MANY, null, false, false);
    }
  }

  /* memory: estimated bytes, requested before they are used */

  /**
   * Requests bytes that the part being evaluated needs.
   *
   * @throws QueryMemory.TooLarge when no query may hold so much
   * @throws QueryMemory.Shortage when other queries hold too much
   */
  public void take(long n) {
    bytes += n;
    memory.require(bytes + retained);
  }

  /** Selects series; what the cursor holds is counted until it is closed. */
  public Selected select(SelectRequest request) {
    return new Selected(request);
  }

  /** A cursor and the memory that it holds. */
  public final class Selected implements AutoCloseable {
    private final SeriesCursor cursor;
    private long held;

    private Selected(SelectRequest request) {
      try {
        cursor = storage.select(request.until(QueryContext.this::isOver), this::hold);
      } catch (SelectMemory.Refused e) {
        throw e.reason();
      } catch (StorageException e) {
        checkNow(
            deadlineNanos, "expression evaluation"); // the storage may have ended because of it
        throw e;
      }
    }

    private void hold(long n) {
      try {
        take(n);
      } catch (QueryMemory.TooLarge | QueryMemory.Shortage e) {
        throw new SelectMemory.Refused(e);
      }
      held += n;
    }

    public SeriesCursor cursor() {
      return cursor;
    }

    @Override
    public void close() {
      cursor.close();
      drop(held);
      held = 0;
    }
  }

  /** Counts bytes that the part being evaluated has dropped. */
  public void drop(long n) {
    bytes -= n;
  }

  /** Returns what the parts evaluated so far hold. */
  public long taken() {
    return bytes;
  }

  /** Sets what the parts evaluated so far hold. */
  public void settleBytes(long n) {
    bytes = n;
    memory.require(bytes + retained);
  }

  /** Retains bytes beyond the part being evaluated. */
  public void retain(long n) {
    retained += n;
    memory.require(bytes + retained);
  }

  /** Releases retained bytes. */
  public void release(Retained what) {
    retained -= what.bytes;
    what.bytes = 0;
  }

  /** Bytes retained until they are released. */
  public static final class Retained {
    long bytes;
  }

  /** Retains bytes under a name, to be released later. */
  public void retain(Retained what, long n) {
    what.bytes += n;
    retain(n);
  }

  /**
   * Refuses more steps than the memory of one query allows for a single series, before anything is
   * allocated.
   */
  public void fits(long steps) {
    if (steps > MOST_STEPS || !memory.allows(steps * StepSeries.STEP_BYTES)) {
      throw new QueryMemory.TooLarge();
    }
  }

  /** Returns an empty series after making sure that there is memory for it. */
  public StepSeries series(Labels labels, boolean dropName, int steps) {
    take(StepSeries.bytes(steps));
    return new StepSeries(labels, dropName, steps);
  }

  /** Counts samples that a step of the query looked at. */
  public void queried(int step, long n) {
    queryable += n;
    if (insideSubquery > 0) {
      inSubqueries += n;
    } else if (perStep.length > 0) {
      perStep[Math.min(step, perStep.length - 1)] += n;
    }
  }

  /** Counts what an instant selector has found at all steps. */
  public void queried(StepSeries series) {
    if (insideSubquery == 0 && perStep.length == series.steps()) {
      for (int i = 0; i < perStep.length; i++) {
        queried(i, series.samples(i));
      }
    } else {
      queried(perStep.length - 1, series.samples());
    }
  }

  public boolean countsPerStep() {
    return perStep.length > 0;
  }

  /** Returns whether a subquery is being evaluated. */
  public boolean isInSubquery() {
    return insideSubquery > 0;
  }

  /** The counters at one moment. */
  public record Mark(long held, long peak, long queryable, long[] perStep, long read) {}

  /**
   * What a part of the query has cost.
   *
   * @param peak most samples held on the way, beyond those held before
   * @param queryable samples looked at
   * @param perStep the same per step; empty when not counted or inside of a subquery
   * @param read samples read
   */
  public record Cost(long peak, long queryable, long[] perStep, long read) {}

  /** Begins to measure what a part costs. */
  public Mark mark() {
    Mark m = new Mark(samples, peak, queryable, ownSteps().clone(), samplesRead);
    peak = samples;
    return m;
  }

  private long[] ownSteps() {
    return insideSubquery > 0 ? new long[0] : perStep;
  }

  /** Returns the cost since a mark. */
  public Cost since(Mark m) {
    long[] steps = ownSteps().clone();
    for (int i = 0; i < steps.length; i++) {
      steps[i] -= m.perStep()[i];
    }
    Cost c = new Cost(peak - m.held(), queryable - m.queryable(), steps, samplesRead - m.read());
    peak = Math.max(peak, m.peak());
    return c;
  }

  /** Counts a cost again, and fails as the evaluation would when too many samples are held. */
  public void repeat(Cost c) {
    long before = samples;
    settle(before + c.peak());
    samples = before;
    queryable += c.queryable();
    if (insideSubquery > 0) {
      inSubqueries += c.queryable();
    }
    for (int i = 0; i < c.perStep().length; i++) {
      perStep[i] += c.perStep()[i];
    }
    read(c.read());
  }

  public void enterSubquery() {
    insideSubquery++;
  }

  /** What subqueries looked at counts for the last step of the query. */
  public void leaveSubquery() {
    if (--insideSubquery == 0 && perStep.length > 0) {
      perStep[perStep.length - 1] += inSubqueries;
      inSubqueries = 0;
    }
  }

  /** Switches statistics per step on. */
  public void countPerStep(int steps) {
    perStep = new long[steps];
  }

  public long[] perStep() {
    return perStep;
  }

  public long queryableSamples() {
    return queryable;
  }

  public void read(long n) {
    samplesRead += n;
  }

  public long samplesRead() {
    return samplesRead;
  }

  public long peakSamples() {
    return peak;
  }

  /** Fails when the query has been cancelled or has run out of time; cheap enough per series. */
  public void check() {
    if ((++ticks & 15) == 0) {
      checkNow();
    }
  }

  /**
   * Fails when the query has been cancelled, has run out of time or has to give way to short ones.
   */
  public void checkNow() {
    checkNow(deadlineNanos, "expression evaluation");
    if (Thread.currentThread() == owner) {
      turn.check();
    }
  }

  /** Returns whether the query has been cancelled or has run out of time. */
  private boolean isOver() {
    return Thread.currentThread().isInterrupted() || System.nanoTime() - deadlineNanos > 0;
  }

  /** Fails when the thread has been interrupted or the deadline has passed. */
  public static void checkNow(long deadlineNanos, String where) {
    if (Thread.currentThread().isInterrupted()) {
      throw new QueryException(Kind.CANCELED, "query was canceled in " + where);
    }
    if (System.nanoTime() - deadlineNanos > 0) {
      throw new QueryException(Kind.TIMEOUT, "query timed out in " + where);
    }
  }

  /** Returns the time a selector refers to at {@code time}, offset not yet taken off. */
  public long base(@Nullable At at, long time) {
    if (at == null) {
      return time;
    }
    return switch (at.kind()) {
      case FIXED -> at.timestampMs();
      case START -> startMs;
      case END -> endMs;
    };
  }

  /** Returns a literal or calculated duration in milliseconds. */
  public long duration(long literalMs, @Nullable DurationExpr calculated, boolean mustBePositive) {
    if (calculated == null) {
      return literalMs;
    }
    double seconds = seconds(calculated);
    if (mustBePositive && !(seconds > 0)) {
      throw new QueryException(
          Kind.BAD_DATA, at(calculated.position()) + "duration must be greater than 0");
    }
    if (!(Math.abs(seconds) < 0x1p63 / 1e9)) {
      throw new QueryException(
          Kind.BAD_DATA, at(calculated.position()) + "duration is out of range");
    }
    long ms = (long) (seconds * 1000);
    return ms;
  }

  private static String at(PosRange position) {
    return position.start() + ":" + position.end() + ": ";
  }

  private double seconds(DurationExpr d) {
    return switch (d) {
      case DurationExpr.Literal l -> l.seconds();
      case DurationExpr.Unary u -> u.minus() ? -seconds(u.operand()) : seconds(u.operand());
      case DurationExpr.Variable v ->
          v.step() ? (instant ? 0 : stepMs / 1000.0) : (endMs - startMs) / 1000.0;
      case DurationExpr.Choice c ->
          c.max()
              ? Math.max(seconds(c.left()), seconds(c.right()))
              : Math.min(seconds(c.left()), seconds(c.right()));
      case DurationExpr.Binary b -> {
        double l = seconds(b.left());
        double r = seconds(b.right());
        yield switch (b.op()) {
          case '+' -> l + r;
          case '-' -> l - r;
          case '*' -> l * r;
          case '/' -> {
            if (r == 0) {
              throw new QueryException(Kind.BAD_DATA, "division by zero");
            }
            yield l / r;
          }
          case '%' -> {
            if (r == 0) {
              throw new QueryException(Kind.BAD_DATA, "modulo by zero");
            }
            yield l % r;
          }
          default -> GoMath.pow(l, r);
        };
      }
    };
  }
}
