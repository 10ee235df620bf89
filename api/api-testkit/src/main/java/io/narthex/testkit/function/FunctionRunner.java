package io.narthex.testkit.function;

import io.narthex.spi.function.FunctionCall;
import io.narthex.spi.function.FunctionWindows;
import io.narthex.spi.function.PromqlFunction;
import io.narthex.spi.function.PromqlFunction.ArgumentType;
import io.narthex.spi.function.PromqlFunction.OfRange;
import io.narthex.spi.function.PromqlFunction.OfScalars;
import io.narthex.spi.function.PromqlFunction.OfVector;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Calls one function as the query engine does: over all steps at once, with one series. Give the
 * arguments in order, then call {@link #run()}. Confined to one thread.
 *
 * <pre>{@code
 * FunctionRunner.of(function, 60_000, 120_000)
 *     .matrix(60_000, new long[] {30_000, 60_000, 90_000}, new double[] {1, 2, 3})
 *     .scalar(0.5)
 *     .run(); // one element per step, null where there is no value
 * }</pre>
 */
public final class FunctionRunner {
  private static final double UNDEFINED = -987.654321;

  private final PromqlFunction function;
  private final long[] stepsMs;
  private final List<Object> arguments = new ArrayList<>();

  private record Vector(double[] values, boolean[] present) {}

  private record Matrix(long rangeMs, long[] timesMs, double[] values) {}

  private FunctionRunner(PromqlFunction function, long[] stepsMs) {
    this.function = function;
    this.stepsMs = stepsMs;
  }

  /**
   * Starts a call.
   *
   * @param stepsMs evaluation times in epoch milliseconds, ascending, at least one
   */
  public static FunctionRunner of(PromqlFunction function, long... stepsMs) {
    return new FunctionRunner(function, stepsMs.clone());
  }

  private ArgumentType next() {
    if (arguments.size() == function.arguments().size()) {
      throw new IllegalArgumentException(
          "function "
              + function.name()
              + " takes "
              + function.arguments().size()
              + " arguments, got more");
    }
    return function.arguments().get(arguments.size());
  }

  private FunctionRunner add(ArgumentType type, Object value) {
    if (next() != type) {
      throw new IllegalArgumentException(
          "argument "
              + arguments.size()
              + " of function "
              + function.name()
              + " is of type "
              + next()
              + ", got "
              + type);
    }
    arguments.add(value);
    return this;
  }

  /**
   * Gives the next argument, a scalar.
   *
   * @param values one value for all steps, or one per step
   */
  public FunctionRunner scalar(double... values) {
    double[] all = new double[stepsMs.length];
    for (int i = 0; i < all.length; i++) {
      all[i] = values[values.length == 1 ? 0 : i];
    }
    return add(ArgumentType.SCALAR, all);
  }

  /** Gives the next argument, a string. */
  public FunctionRunner text(String value) {
    return add(ArgumentType.STRING, value);
  }

  /** Gives the next argument, a series of an instant vector with a value at each step. */
  public FunctionRunner vector(double... values) {
    boolean[] present = new boolean[values.length];
    Arrays.fill(present, true);
    return vector(values, present);
  }

  /** Gives the next argument, a series of an instant vector that may have no value at a step. */
  public FunctionRunner vector(double[] values, boolean[] present) {
    double[] copy = values.clone();
    for (int i = 0; i < copy.length; i++) {
      if (!present[i]) {
        copy[i] = UNDEFINED; // as in the server, where such values are undefined
      }
    }
    return add(ArgumentType.VECTOR, new Vector(copy, present.clone()));
  }

  /**
   * Gives the next argument, a series of a range vector.
   *
   * @param rangeMs length of a window; its start is exclusive, its end inclusive
   * @param timesMs timestamps of the samples in epoch milliseconds, ascending
   */
  public FunctionRunner matrix(long rangeMs, long[] timesMs, double[] values) {
    return add(ArgumentType.MATRIX, new Matrix(rangeMs, timesMs.clone(), values.clone()));
  }

  /**
   * Calls the function.
   *
   * @return one element per step, null where there is no value
   * @throws AssertionError when it writes into a read-only array
   */
  public List<@Nullable Double> run() {
    if (arguments.size() < function.arguments().size()) {
      throw new IllegalArgumentException(
          "function " + function.name() + " still needs an argument of type " + next());
    }
    Call call = new Call();
    double[] out = new double[stepsMs.length];
    boolean[] present = new boolean[stepsMs.length];
    if (function.evaluation() instanceof OfScalars scalars) {
      Arrays.fill(out, Double.NaN);
      Arrays.fill(present, true);
      scalars.evaluate(call, out);
    } else if (function.evaluation() instanceof OfVector vector) {
      Vector v = call.series(Vector.class);
      out = v.values().clone();
      present = v.present().clone();
      vector.evaluate(call, out, present);
    } else if (function.evaluation() instanceof OfRange range) {
      Windows windows = new Windows(call.series(Matrix.class));
      for (int i = 0; i < present.length; i++) {
        present[i] = windows.from(i) < windows.to(i);
      }
      range.evaluate(call, windows, out, present);
      for (int i = 0; i < present.length; i++) {
        present[i] &= windows.from(i) < windows.to(i);
      }
      windows.check();
    }
    call.check();
    List<@Nullable Double> result = new ArrayList<>(out.length);
    for (int i = 0; i < out.length; i++) {
      result.add(present[i] ? Double.valueOf(out[i]) : null);
    }
    return result;
  }

  private void unchanged(double[] array, double[] before, String what) {
    if (!Arrays.equals(array, before)) {
      throw new AssertionError(
          "function " + function.name() + " writes into " + what + ", which it may only read");
    }
  }

  private final class Call implements FunctionCall {
    private final double[][] arrays = new double[arguments.size()][];

    Call() {
      for (int i = 0; i < arrays.length; i++) {
        arrays[i] = arguments.get(i) instanceof double[] d ? d.clone() : new double[0];
      }
    }

    <T> T series(Class<T> type) {
      return type.cast(arguments.stream().filter(type::isInstance).findFirst().orElseThrow());
    }

    void check() {
      for (int i = 0; i < arrays.length; i++) {
        if (arguments.get(i) instanceof double[] before) {
          unchanged(arrays[i], before, "its scalar argument " + i);
        }
      }
    }

    @Override
    public int steps() {
      return stepsMs.length;
    }

    @Override
    public long timeMs(int step) {
      return stepsMs[step];
    }

    @Override
    public double[] scalars(int argument) {
      if (!(arguments.get(argument) instanceof double[])) {
        throw new IllegalArgumentException("argument " + argument + " is no scalar");
      }
      return arrays[argument];
    }

    @Override
    public String text(int argument) {
      if (arguments.get(argument) instanceof String s) {
        return s;
      }
      throw new IllegalArgumentException("argument " + argument + " is no text");
    }
  }

  private final class Windows implements FunctionWindows {
    private final Matrix matrix;
    private final long[] times;
    private final double[] values;

    Windows(Matrix matrix) {
      this.matrix = matrix;
      times = matrix.timesMs().clone();
      values = matrix.values().clone();
    }

    void check() {
      unchanged(values, matrix.values(), "the samples");
      if (!Arrays.equals(times, matrix.timesMs())) {
        throw new AssertionError(
            "function "
                + function.name()
                + " writes into the samples' times, which it may only read");
      }
    }

    private int firstAfter(long timeMs) {
      int i = 0;
      while (i < matrix.timesMs().length && matrix.timesMs()[i] <= timeMs) {
        i++;
      }
      return i;
    }

    @Override
    public long[] timesMs() {
      return times;
    }

    @Override
    public double[] values() {
      return values;
    }

    @Override
    public int from(int step) {
      return firstAfter(stepsMs[step] - matrix.rangeMs());
    }

    @Override
    public int to(int step) {
      return firstAfter(stepsMs[step]);
    }

    @Override
    public long endMs(int step) {
      return stepsMs[step];
    }

    @Override
    public long rangeMs() {
      return matrix.rangeMs();
    }
  }
}
