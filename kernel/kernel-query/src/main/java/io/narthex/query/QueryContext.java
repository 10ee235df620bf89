package io.narthex.query;

import io.narthex.promql.DurationExpr;
import io.narthex.promql.PosRange;
import io.narthex.service.query.FunctionRegistry;
import io.narthex.service.query.QueryException;
import io.narthex.service.query.QueryException.Kind;
import io.narthex.spi.storage.Storage;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What belongs to one running query: its limits, its annotations, its storage. One thread. */
final class QueryContext {
  private static final long MIN_ROOM = 10_000_000;
  private static final long MOST_STEPS = Integer.MAX_VALUE - 8;

  final EngineOptions options;
  final Storage storage;

  /** The functions of plugins that this query uses. */
  final FunctionRegistry.Lease functions;

  final Annotations annotations;
  final long startMs;
  final long endMs;
  final long stepMs;
  final boolean instant;
  final long lookbackMs;

  /** Results of selectors, so that a selector that occurs twice is read once. */
  final Map<Object, List<Samples>> selections = new HashMap<>();

  /** The same of instant selectors. */
  final Map<Object, List<StepSeries>> vectors = new HashMap<>();

  /** Notes what each part costs; null unless asked for. */
  @Nullable Recorder recorder;

  private final long deadlineNanos;
  private long samples;
  private long peak;
  private long samplesRead;
  private int ticks;
  private long room;
  private long queryable;
  private int insideSubquery;
  private long inSubqueries;
  private long[] perStep = new long[0];

  QueryContext(
      EngineOptions options,
      Storage storage,
      String query,
      long startMs,
      long endMs,
      long stepMs,
      boolean instant,
      long lookbackMs,
      long deadlineNanos,
      FunctionRegistry.Lease functions) {
    this.options = options;
    this.storage = storage;
    this.functions = functions;
    this.annotations = new Annotations(query);
    this.startMs = startMs;
    this.endMs = endMs;
    this.stepMs = stepMs;
    this.instant = instant;
    this.lookbackMs = lookbackMs;
    this.deadlineNanos = deadlineNanos;
  }

  static QueryException failed(String message) {
    return new QueryException(Kind.EXECUTION, message);
  }

  static QueryException canceled() {
    return new QueryException(Kind.CANCELED, "query was canceled in expression evaluation");
  }

  /** Counts samples that are now held, and fails when they are too many. */
  void hold(long n) {
    settle(samples + n);
  }

  void release(long n) {
    samples -= n;
  }

  /** Returns how many samples are held. */
  long held() {
    return samples;
  }

  /** Sets how many samples are held, and fails when they are too many. */
  void settle(long n) {
    samples = n;
    peak = Math.max(peak, n);
    if (n > options.maxSamples()) {
      throw failed("query processing would load too many samples into memory in query execution");
    }
  }

  /**
   * Counts steps of series for which there is room now, used or not. Queries over many sparse
   * series take memory far beyond their samples, so this has a bound of its own.
   */
  void room(long steps) {
    room += steps;
    refuseOver(mostRoom(), room);
  }

  /** Refuses a grid of more steps than one series can have room for, before anything is made. */
  void fits(long steps) {
    refuseOver(Math.min(mostRoom(), MOST_STEPS), steps);
  }

  private long mostRoom() {
    return Math.max(MIN_ROOM, 2 * options.maxSamples());
  }

  private static void refuseOver(long most, long steps) {
    if (steps > most) {
      throw failed("query processing would load too many samples into memory in query execution");
    }
  }

  long room() {
    return room;
  }

  void settleRoom(long steps) {
    room = steps;
  }

  /** Counts samples that a step of the query looked at. */
  void queried(int step, long n) {
    queryable += n;
    if (insideSubquery > 0) {
      inSubqueries += n;
    } else if (perStep.length > 0) {
      perStep[Math.min(step, perStep.length - 1)] += n;
    }
  }

  /** Counts what an instant selector has found at all steps. */
  void queried(StepSeries series) {
    if (insideSubquery == 0 && perStep.length == series.steps()) {
      for (int i = 0; i < perStep.length; i++) {
        queried(i, series.samples(i));
      }
    } else {
      queried(perStep.length - 1, series.samples());
    }
  }

  boolean countsPerStep() {
    return perStep.length > 0;
  }

  void enterSubquery() {
    insideSubquery++;
  }

  /** What subqueries looked at counts for the last step of the query. */
  void leaveSubquery() {
    if (--insideSubquery == 0 && perStep.length > 0) {
      perStep[perStep.length - 1] += inSubqueries;
      inSubqueries = 0;
    }
  }

  /** Switches the figures per step on. */
  void countPerStep(int steps) {
    perStep = new long[steps];
  }

  long[] perStep() {
    return perStep;
  }

  long queryableSamples() {
    return queryable;
  }

  void read(long n) {
    samplesRead += n;
  }

  long samplesRead() {
    return samplesRead;
  }

  long peakSamples() {
    return peak;
  }

  /** Fails when the query has been cancelled or has run out of time; cheap enough per series. */
  void check() {
    if ((++ticks & 15) == 0) {
      checkNow();
    }
  }

  /** Fails when the query has been cancelled or has run out of time. */
  void checkNow() {
    if (Thread.currentThread().isInterrupted()) {
      throw canceled();
    }
    if (System.nanoTime() - deadlineNanos > 0) {
      throw new QueryException(Kind.TIMEOUT, "query timed out in expression evaluation");
    }
  }

  /** Returns a literal or calculated duration in milliseconds. */
  long duration(long literalMs, @Nullable DurationExpr calculated, boolean mustBePositive) {
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

  private static String at(PosRange place) {
    return place.start() + ":" + place.end() + ": ";
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
