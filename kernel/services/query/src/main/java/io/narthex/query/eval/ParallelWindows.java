package io.narthex.query.eval;

import io.narthex.promql.Expr.Call;
import io.narthex.promql.Expr.RangeMode;
import io.narthex.query.context.Annotations;
import io.narthex.query.context.QueryContext;
import io.narthex.query.functions.FunctionKernel;
import io.narthex.query.functions.RangeFunction;
import io.narthex.query.functions.Windows;
import io.narthex.query.series.Grid;
import io.narthex.query.series.Samples;
import io.narthex.query.series.SeriesSink;
import io.narthex.query.series.StepSeries;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Slides a window over many series of floats on several cores, a block of series at a time on
 * whichever core is free. Values, counts and annotations are those of a single core.
 *
 * <p>The thread of the query works too, and never waits for a helper that has not begun: on a busy
 * machine it does everything itself. Helpers are threads of the JVM's common pool; they touch
 * nothing but samples that have been read and the results, not the storage.
 */
final class ParallelWindows {
  /** Steps of all series together from which on waking helpers pays: half a millisecond of work. */
  static final long LEAST_STEPS = 50_000;

  /** Steps between two checks of the limits of the query: 36 MB of results. */
  private static final long BATCH_STEPS = 4_000_000;

  private static final int BLOCK = 16;

  private final QueryContext context;
  private final Grid grid;
  private final Supplier<RangeFunction> functions;
  private final boolean reuses;
  private final List<Lane> lanes = new ArrayList<>();

  /** Results whose columns are free, if they are reused. */
  private StepSeries[] unused = new StepSeries[0];

  /**
   * Prepares evaluations.
   *
   * @param functions makes a function for each thread
   * @param reuses whether the columns of a series are free when the sink has taken it
   */
  ParallelWindows(
      QueryContext context, Grid grid, Supplier<RangeFunction> functions, boolean reuses) {
    this.context = context;
    this.grid = grid;
    this.functions = functions;
    this.reuses = reuses;
  }

  /** Returns whether there is enough work, of a kind that threads can share. */
  static boolean pays(
      Windows windows, Grid grid, Call call, FunctionKernel kernel, RangeMode mode) {
    return (long) windows.series.size() * grid.size() >= LEAST_STEPS
        && windows.series.size() > BLOCK
        && mode == RangeMode.PLAIN
        && call.arguments().size() == 1
        && kernel.isPerSeries()
        && Runtime.getRuntime().availableProcessors() > 1
        && windows.series.stream().allMatch(s -> s.histCount == 0);
  }

  /**
   * Evaluates all series and passes on those that have a value, in order.
   *
   * @param windows each time the same but for their series
   */
  void evaluate(Windows windows, SeriesSink sink) {
    windows.setEnds(grid);
    int most = (int) Math.clamp(BATCH_STEPS / grid.size(), BLOCK, Integer.MAX_VALUE);
    int helpers =
        Math.min(
            Runtime.getRuntime().availableProcessors() - 1,
            (Math.min(windows.series.size(), most) - 1) / BLOCK);
    while (lanes.size() <= helpers) {
      lanes.add(new Lane(functions.get(), windows.boundsByTimes(grid, context)));
    }
    for (int from = 0; from < windows.series.size(); from += most) {
      int to = Math.min(windows.series.size(), from + most);
      context.checkNow();
      context.take((to - from) * StepSeries.bytes(grid.size()));
      new Batch(windows, windows.series.subList(from, to)).run(sink);
    }
  }

  /** What one thread keeps from block to block. */
  private static final class Lane {
    final RangeFunction function;
    final RangeFunction.BoundsByTimes bounds;

    Lane(RangeFunction function, RangeFunction.BoundsByTimes bounds) {
      this.function = function;
      this.bounds = bounds;
    }
  }

  /** Series that are evaluated together. */
  private final class Batch {
    final Windows windows;
    final List<Samples> series;
    final StepSeries[] results;
    final long[] looked;
    final long[] largest;

    /** The windows of each series when steps are counted, else none. */
    final RangeFunction.Bounds[] bounds;

    final Annotations[] annotations;
    final AtomicInteger next = new AtomicInteger();
    volatile @Nullable Throwable problem;

    Batch(Windows windows, List<Samples> series) {
      this.windows = windows;
      this.series = series;
      results = new StepSeries[series.size()];
      looked = new long[series.size()];
      largest = new long[series.size()];
      bounds = new RangeFunction.Bounds[context.countsPerStep() ? series.size() : 0];
      annotations = new Annotations[(series.size() + BLOCK - 1) / BLOCK];
    }

    void run(SeriesSink sink) {
      List<Helper> helpers = new ArrayList<>();
      for (int i = 1; i < Math.min(lanes.size(), annotations.length); i++) {
        Helper helper = new Helper(this, lanes.get(i));
        helpers.add(helper);
        ForkJoinPool.commonPool().execute(helper);
      }
      work(lanes.getFirst());
      for (Helper helper : helpers) {
        helper.await();
      }
      Throwable p = problem;
      if (p instanceof RuntimeException e) {
        throw e;
      }
      if (p instanceof Error e) {
        throw e;
      }
      for (Annotations found : annotations) {
        context.annotations.addAll(found);
      }
      for (int i = 0; i < results.length; i++) {
        if (bounds.length > 0) {
          windows.count(bounds[i], context);
        } else {
          context.queried(0, looked[i]);
          context.hold(largest[i]);
          context.release(largest[i]);
        }
        if (!results[i].isEmpty()) {
          context.hold(results[i].samples());
          sink.add(results[i]);
        } else {
          context.drop(StepSeries.bytes(grid.size()));
        }
      }
      if (reuses && results.length > unused.length) {
        unused = results;
      }
    }

    private void work(Lane lane) {
      try {
        int block;
        while (problem == null && (block = next.getAndIncrement()) < annotations.length) {
          context.checkNow();
          block(block, lane);
        }
      } catch (RuntimeException | Error e) {
        problem = e;
      }
    }

    private void block(int block, Lane lane) {
      RangeFunction f = lane.function;
      annotations[block] = context.annotations.fresh();
      f.annotations = annotations[block];
      int end = Math.min(series.size(), (block + 1) * BLOCK);
      for (int i = block * BLOCK; i < end; i++) {
        Samples s = series.get(i);
        RangeFunction.Bounds b;
        if (bounds.length > 0) {
          b = windows.bounds(grid, context);
          b.over(s);
          bounds[i] = b;
        } else {
          b = lane.bounds.over(s);
        }
        looked[i] = b.samples;
        largest[i] = b.largest;
        StepSeries r =
            f.result(
                s,
                grid,
                context.options.delayedNameRemoval(),
                i < unused.length ? unused[i] : null);
        f.begin(s);
        f.applyAll(b, r);
        results[i] = r;
      }
    }
  }

  /** Work that another thread may take or leave. */
  private static final class Helper implements Runnable {
    private final Batch batch;
    private final Lane lane;
    private final AtomicBoolean claimed = new AtomicBoolean();
    private final CountDownLatch ended = new CountDownLatch(1);

    Helper(Batch batch, Lane lane) {
      this.batch = batch;
      this.lane = lane;
    }

    @Override
    public void run() {
      if (claimed.compareAndSet(false, true)) {
        batch.work(lane);
        ended.countDown();
      }
    }

    /** Waits for the block that is being worked on; a helper that has not begun never will. */
    void await() {
      if (claimed.compareAndSet(false, true)) {
        return;
      }
      try {
        ended.await();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        batch.problem = QueryContext.canceled();
      }
    }
  }
}
