package io.narthex.query;

import io.narthex.model.Matcher;
import io.narthex.promql.Expr;
import io.narthex.promql.ValueType;
import io.narthex.query.QueryAdmission.Admitted;
import io.narthex.query.context.Annotations;
import io.narthex.query.context.EngineOptions;
import io.narthex.query.context.QueryContext;
import io.narthex.query.context.QueryMemory;
import io.narthex.query.context.QueryTurns;
import io.narthex.query.eval.Evaluator;
import io.narthex.query.functions.QueryFunctions;
import io.narthex.query.plan.Plan;
import io.narthex.query.plan.Planner;
import io.narthex.query.plan.Recorder;
import io.narthex.query.series.Grid;
import io.narthex.service.query.AnswerMemory;
import io.narthex.service.query.FunctionRegistry;
import io.narthex.service.query.QueryEngine.Options;
import io.narthex.service.query.QueryException;
import io.narthex.service.query.QueryException.Kind;
import io.narthex.service.query.QueryInspector.PlanNode;
import io.narthex.service.query.QueryOrigin;
import io.narthex.service.query.QueryResult;
import io.narthex.spi.storage.Storage;
import io.narthex.spi.storage.StorageException;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Runs queries: parses one, plans it, evaluates it. A range query that would hold more memory than
 * one query may is evaluated in slices of its steps: a wide vector with few values is a small
 * result, but takes room for all steps on the way. Thread-safe.
 */
final class QueryRunner {
  /** Into how many slices the steps are cut, each tried when the one before takes too much. */
  private static final int[] SLICES = {1, 8, 64};

  private static final int MOST_STEPS = Integer.MAX_VALUE - 8;

  /** About the bytes of a series in a list; the strings of labels are those of the series. */
  private static final int LISTED_SERIES_BYTES = 200;

  private final Storage storage;
  private final FunctionRegistry functions;
  private final ExpressionParser parser;
  private final QueryAdmission admission;
  private final Planning planning;

  /** Where running queries are recorded, if anywhere. */
  volatile @Nullable ActiveQueries active;

  /** Plans queries before they are evaluated. */
  interface Planning {
    /** See {@link Planner#plan}. */
    Plan plan(Expr e, Grid grid, QueryContext context, QueryFunctions functions, boolean leavesOut);
  }

  /**
   * A query.
   *
   * @param explained whether the cost of each part is recorded
   */
  record Query(
      String text,
      long startMs,
      long endMs,
      long stepMs,
      boolean instant,
      Options options,
      boolean explained) {
    /** Returns how many steps there are. */
    long size() {
      return instant ? 1 : endMs < startMs ? 0 : (endMs - startMs) / stepMs + 1;
    }

    QueryTurns.Lane lane() {
      if (options.origin() instanceof QueryOrigin.RuleGroup) {
        return QueryTurns.Lane.RULE;
      }
      return instant ? QueryTurns.Lane.INSTANT : QueryTurns.Lane.RANGE;
    }
  }

  /**
   * What a query returns.
   *
   * @param plan null unless it is explained
   * @param bytes the memory that it took
   */
  record Outcome(QueryResult result, @Nullable PlanNode plan, long bytes) {}

  QueryRunner(
      Storage storage,
      FunctionRegistry functions,
      ExpressionParser parser,
      QueryAdmission admission,
      Planning planning) {
    this.storage = storage;
    this.functions = functions;
    this.parser = parser;
    this.admission = admission;
    this.planning = planning;
  }

  /**
   * Runs a query.
   *
   * @throws QueryException when it is invalid, exceeds a limit or fails
   */
  Outcome run(Query query, EngineOptions settings) {
    Run run = new Run(query, settings);
    try {
      return admission.query(query.lane(), run.deadline, run::attempt);
    } catch (StorageException.Closed e) {
      throw new QueryException(Kind.UNAVAILABLE, String.valueOf(e.getMessage()));
    } catch (StorageException.Corrupt e) {
      throw new QueryException(Kind.EXECUTION, String.valueOf(e.getMessage()));
    } catch (StorageException e) {
      throw new QueryException(Kind.INTERNAL, String.valueOf(e.getMessage()));
    }
  }

  /** One query while it runs. */
  private final class Run {
    private final Query query;
    private final Options options;
    private final EngineOptions settings;
    private final long created = System.nanoTime();
    private final long deadline;
    private int cut; // index into SLICES, kept when the query starts over

    Run(Query query, EngineOptions settings) {
      this.query = query;
      this.options = query.options();
      this.settings = settings;
      Duration most = settings.timeout();
      Duration timeout = options.timeout();
      deadline =
          created + (timeout == null || timeout.compareTo(most) > 0 ? most : timeout).toNanos();
    }

    Outcome attempt(Admitted admitted) {
      ActiveQueries tracker = options.origin() instanceof QueryOrigin.WarmUp ? null : active;
      int slot = tracker == null ? -1 : tracker.begin(query.text());
      try {
        return parseAndEvaluate(admitted);
      } finally {
        if (tracker != null) {
          tracker.end(slot);
        }
      }
    }

    private Outcome parseAndEvaluate(Admitted admitted) {
      long begun = System.nanoTime();
      try (FunctionRegistry.Lease lease = functions.lease()) {
        Expr expr = parser.parse(query.text(), settings, lease, admitted);
        if (!query.instant()) {
          checkRange(expr, query.stepMs());
        }
        while (true) {
          try {
            return evaluate(expr, lease, admitted, begun);
          } catch (QueryMemory.TooLarge e) {
            if (cut == SLICES.length - 1 || query.size() <= SLICES[cut]) {
              throw e;
            }
            cut++;
          }
        }
      }
    }

    private Outcome evaluate(
        Expr expr, FunctionRegistry.Lease lease, Admitted admitted, long begun) {
      long parsed = System.nanoTime();
      if (query.size() > MOST_STEPS) {
        throw new QueryMemory.TooLarge();
      }
      Recorder recorder = query.explained() ? estimated(expr, admitted) : null;
      QueryFunctions called = new QueryFunctions(lease);
      Annotations annotations = new Annotations(query.text());
      int size = (int) query.size();
      Grid grid = new Grid(query.startMs(), query.instant() ? 1 : query.stepMs(), size);
      SlicedResult result = new SlicedResult(grid, options.perStepStatistics());
      int width = (size + SLICES[cut] - 1) / SLICES[cut];
      int from = 0;
      do {
        Grid slice =
            from == 0 && width == size
                ? grid
                : new Grid(grid.time(from), grid.stepMs(), Math.min(width, size - from));
        QueryContext context = context(admitted, annotations, result);
        result.add(evaluate(expr, slice, context, called, recorder), context, from);
        from += width;
      } while (from < size);
      QueryResult.Data data = result.data();
      PlanNode plan = recorder == null ? null : plan(recorder, expr, result.bytes(), admitted);
      long taken = admitted.share().held();
      keep(admitted.share(), result.bytes());
      QueryResult.Statistics statistics = statistics(begun, parsed, System.nanoTime(), result);
      return new Outcome(
          new QueryResult(data, annotations.warnings(), annotations.infos(), statistics),
          plan,
          taken);
    }

    private QueryContext context(Admitted admitted, Annotations annotations, SlicedResult before) {
      Duration given = options.lookback();
      Duration lookback = given == null || given.isZero() ? settings.lookback() : given;
      return new QueryContext(
          settings,
          storage,
          query.startMs(),
          query.endMs(),
          query.stepMs(),
          query.instant(),
          lookback.toMillis(),
          deadline,
          annotations,
          admitted.share(),
          admitted.turn(),
          before.peakSamples(),
          before.bytes());
    }

    /** Evaluates one slice. */
    private QueryResult.Data evaluate(
        Expr expr,
        Grid slice,
        QueryContext context,
        QueryFunctions called,
        @Nullable Recorder recorder) {
      context.fits(slice.size());
      if (options.perStepStatistics()) {
        context.countPerStep(slice.size());
      }
      Plan plan = planning.plan(expr, slice, context, called, !options.statistics());
      if (recorder != null) {
        recorder.use(plan);
      }
      Evaluator evaluator = new Evaluator(context, called, plan, recorder);
      return query.instant()
          ? QueryResults.instant(evaluator, expr, slice)
          : QueryResults.range(evaluator, expr, slice);
    }

    private QueryResult.Statistics statistics(
        long begun, long parsed, long done, SlicedResult result) {
      return new QueryResult.Statistics(
          done - parsed,
          0,
          parsed - begun,
          done - parsed,
          begun - created,
          done - created,
          result.queryableSamples(),
          result.samplesRead(),
          result.peakSamples(),
          result.perStep());
    }

    /** Passes the memory of the result on to a caller that releases it. */
    private void keep(QueryMemory.Share share, long bytes) {
      AnswerMemory memory = options.memory();
      if (memory != null) {
        memory.hold(share.split(bytes)::close);
      }
    }
  }

  private static void checkRange(Expr expr, long stepMs) {
    if (expr.type() != ValueType.VECTOR && expr.type() != ValueType.SCALAR) {
      throw new QueryException(
          Kind.BAD_DATA,
          "invalid expression type \""
              + expr.type().documented()
              + "\" for range query, must be Scalar or instant Vector");
    }
    if (stepMs <= 0) {
      throw new QueryException(
          Kind.BAD_DATA, "range query: step must be greater than 0, got " + stepMs + "ms");
    }
  }

  /* explain */

  /** Returns a recorder that knows how many series the selectors have. */
  private Recorder estimated(Expr expr, Admitted admitted) {
    Recorder recorder = new Recorder();
    recorder.estimate(
        expr,
        matchers -> {
          admitted.check();
          return countSeries(matchers, admitted.share());
        });
    return recorder;
  }

  /** Returns how many series there are, as far as there is memory to list them. */
  private long countSeries(List<Matcher> matchers, QueryMemory.Share share) {
    long room = admission.memory().perQuery() / LISTED_SERIES_BYTES;
    int most = (int) Math.min(PlanNode.ESTIMATE_LIMIT, room);
    share.require((long) most * LISTED_SERIES_BYTES);
    long[] count = {0};
    storage.forEachSeries(
        List.of(matchers), Long.MIN_VALUE, Long.MAX_VALUE, most, _ -> ++count[0] < most);
    return count[0];
  }

  private static PlanNode plan(Recorder recorder, Expr expr, long held, Admitted admitted) {
    return recorder.plan(
        expr,
        held,
        bytes -> {
          admitted.check();
          admitted.share().require(bytes);
        });
  }
}
