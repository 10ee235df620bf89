package io.narthex.query.functions;

import io.narthex.promql.AggregateOp;
import io.narthex.promql.Expr;
import io.narthex.promql.Expr.Call;
import io.narthex.promql.FunctionSignature;
import io.narthex.promql.Functions;
import io.narthex.promql.ValueType;
import io.narthex.query.context.LabelSets;
import io.narthex.query.context.QueryContext;
import io.narthex.query.functions.FunctionKernel.Evaluation;
import io.narthex.query.functions.FunctionKernel.OfValues;
import io.narthex.query.functions.FunctionKernel.OfWindows;
import io.narthex.query.functions.FunctionKernel.Time;
import io.narthex.query.series.Grid;
import io.narthex.query.series.SamplePart;
import io.narthex.query.series.StepSeries;
import io.narthex.query.series.Value;
import io.narthex.service.query.FunctionRegistry;
import io.narthex.service.query.QueryException;
import io.narthex.spi.function.BuiltinNames;
import io.narthex.spi.function.FunctionCall;
import io.narthex.spi.function.FunctionWindows;
import io.narthex.spi.function.PromqlFunction;
import io.narthex.spi.function.PromqlFunction.ArgumentType;
import io.narthex.spi.function.PromqlFunction.OfRange;
import io.narthex.spi.function.PromqlFunction.OfScalars;
import io.narthex.spi.function.PromqlFunction.OfVector;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Calls functions of plugins. */
public final class PluginFunctions {
  /** No plugin has functions. */
  public static final FunctionRegistry NONE =
      new FunctionRegistry() {
        private final Lease nothing =
            new Lease() {
              @Override
              public @Nullable PromqlFunction find(String name) {
                return null;
              }

              @Override
              public void close() {
                // nothing is held
              }
            };

        @Override
        public Lease lease() {
          return nothing;
        }

        @Override
        public @Nullable String formerProvider(String name) {
          return null;
        }

        @Override
        public void reserve(Set<String> names) {
          // no plugin could use them
        }
      };

  private PluginFunctions() {}

  /** Returns the names of the language itself, including those of this engine alone. */
  @SuppressWarnings("deprecation") // the API promised plugins all of its names
  public static Set<String> reserved() {
    Set<String> names = new HashSet<>(BuiltinNames.all());
    Functions.all().forEach(f -> names.add(f.name()));
    for (AggregateOp op : AggregateOp.values()) {
      names.add(op.text());
    }
    return names;
  }

  public static FunctionSignature signature(PromqlFunction f) {
    return new FunctionSignature(
        f.name(),
        f.arguments().stream().map(PluginFunctions::type).toList(),
        0,
        type(f.returns()),
        false);
  }

  private static ValueType type(ArgumentType t) {
    return switch (t) {
      case SCALAR -> ValueType.SCALAR;
      case VECTOR -> ValueType.VECTOR;
      case MATRIX -> ValueType.MATRIX;
      case STRING -> ValueType.STRING;
    };
  }

  /**
   * Returns a function as the engine's own. What it calculates may depend on the time, which it is
   * given.
   */
  static FunctionKernel kernel(PromqlFunction f) {
    Evaluation evaluation =
        switch (f.evaluation()) {
          case OfScalars scalars ->
              new OfValues((o, c, grid) -> evaluate(scalars, new Arguments(o, c, f, grid), f));
          case OfVector vector -> new OfValues((o, c, grid) -> evaluate(vector, f, o, c, grid));
          case OfRange range -> new OfWindows(call -> new OverRange(f.name(), range, f, call));
        };
    return new FunctionKernel(
        f.name(), evaluation, Time.STEP, SamplePart.VALUE, false, Set.of(), true);
  }

  /** A function that throws fails only its query; an {@link OutOfMemoryError} is thrown on. */
  private static QueryException failure(String name, Throwable e) {
    if (e instanceof OutOfMemoryError memory) {
      throw memory;
    }
    return QueryContext.failed("function " + name + " of a plugin failed: " + e);
  }

  private static Value evaluate(OfScalars scalars, Arguments arguments, PromqlFunction f) {
    double[] out = new double[arguments.steps()];
    Arrays.fill(out, Double.NaN);
    try {
      scalars.evaluate(arguments, out);
    } catch (RuntimeException | Error x) {
      throw failure(f.name(), x);
    }
    return new Value.Scalar(out);
  }

  private static Value evaluate(OfVector vector, PromqlFunction f, Operators o, Call c, Grid grid) {
    Arguments arguments = new Arguments(o, c, f, grid);
    QueryContext context = o.context();
    Expr argument = c.arguments().get(f.arguments().indexOf(ArgumentType.VECTOR));
    List<StepSeries> in = o.vector(argument, grid);
    List<StepSeries> out = new ArrayList<>(in.size());
    boolean[] present = new boolean[grid.size()];
    for (StepSeries s : in) {
      context.check();
      double[] values = s.floats.clone();
      boolean any = false;
      for (int i = 0; i < present.length; i++) {
        present[i] = s.kinds[i] == StepSeries.FLOAT;
        any |= present[i];
      }
      if (!any) {
        continue;
      }
      try {
        vector.evaluate(arguments, values, present);
      } catch (RuntimeException | Error x) {
        throw failure(f.name(), x);
      }
      StepSeries r = LabelSets.renamed(context, s);
      for (int i = 0; i < present.length; i++) {
        if (present[i]) {
          r.set(i, values[i]);
        }
      }
      if (!r.isEmpty()) {
        out.add(r);
      }
    }
    return new Value.Vector(LabelSets.merge(context, out));
  }

  /** The arguments of a call that are no vectors, and its steps. */
  private static final class Arguments implements FunctionCall {
    private final Grid grid;
    private final double[] @Nullable [] scalars;
    private final @Nullable String[] texts;

    Arguments(Operators o, Call c, PromqlFunction f, Grid grid) {
      this.grid = grid;
      int n = c.arguments().size();
      scalars = new double[n][];
      texts = new String[n];
      for (int i = 0; i < n; i++) {
        Expr a = c.arguments().get(i);
        switch (f.arguments().get(i)) {
          case SCALAR -> scalars[i] = o.scalars(a, grid).clone(); // may be written to
          case STRING -> texts[i] = Expressions.text(a);
          case VECTOR, MATRIX -> {}
        }
      }
    }

    @Override
    public int steps() {
      return grid.size();
    }

    @Override
    public long timeMs(int step) {
      return grid.time(step);
    }

    @Override
    public double[] scalars(int argument) {
      double[] found = argument < 0 || argument >= scalars.length ? null : scalars[argument];
      if (found == null) {
        throw new IllegalArgumentException("argument " + argument + " is no scalar");
      }
      return found;
    }

    @Override
    public String text(int argument) {
      String found = argument < 0 || argument >= texts.length ? null : texts[argument];
      if (found == null) {
        throw new IllegalArgumentException("argument " + argument + " is no text");
      }
      return found;
    }
  }

  /** A function over a range vector. Histograms are left out. */
  static final class OverRange extends RangeFunction {
    private final String name;
    private final OfRange function;
    private final Arguments arguments;
    private final Grid grid;

    OverRange(String name, OfRange function, PromqlFunction f, RangeCall call) {
      super(call.annotations(), call.position());
      this.name = name;
      this.function = function;
      this.arguments = new Arguments(call.operators(), call.call(), f, call.grid());
      this.grid = call.grid();
    }

    @Override
    public void applyAll(Bounds b, StepSeries out) {
      run(new Windows(b.times, samples.floats, b.lo, b.hi, b.ends, b.rangeMs), out);
    }

    /** For series that have histograms too: one window, presented as a call over all steps. */
    @Override
    public void apply(Window w, StepSeries out) {
      if (!floatsOnly(w)) {
        return;
      }
      int[] lo = new int[grid.size()];
      int[] hi = new int[grid.size()];
      long[] ends = new long[grid.size()];
      for (int i = 0; i < ends.length; i++) {
        ends[i] = w.end - (w.step - i) * grid.stepMs();
      }
      Arrays.fill(lo, 0, w.step, w.floatLo);
      Arrays.fill(hi, 0, w.step, w.floatLo);
      Arrays.fill(lo, w.step + 1, lo.length, w.floatHi);
      Arrays.fill(hi, w.step + 1, hi.length, w.floatHi);
      lo[w.step] = w.floatLo;
      hi[w.step] = w.floatHi;
      run(new Windows(samples.floatTimes, samples.floats, lo, hi, ends, w.rangeMs), out);
    }

    private void run(Windows windows, StepSeries out) {
      int n = grid.size();
      double[] values = new double[n];
      boolean[] present = new boolean[n];
      for (int i = 0; i < n; i++) {
        present[i] = windows.to(i) > windows.from(i);
      }
      try {
        function.evaluate(arguments, windows, values, present);
      } catch (RuntimeException | Error e) {
        throw failure(name, e);
      }
      for (int i = 0; i < n; i++) {
        if (present[i] && windows.to(i) > windows.from(i)) {
          out.set(i, values[i]);
        }
      }
    }
  }

  /** Windows as index bounds of columns, which are lent. */
  private record Windows(
      long[] timesMs, double[] values, int[] lo, int[] hi, long[] ends, long rangeMs)
      implements FunctionWindows {
    @Override
    public int from(int step) {
      return lo[step];
    }

    @Override
    public int to(int step) {
      return hi[step];
    }

    @Override
    public long endMs(int step) {
      return ends[step];
    }
  }
}
