package io.narthex.query.functions;

import io.narthex.promql.Expr;
import io.narthex.promql.Expr.Call;
import io.narthex.promql.Expr.RangeMode;
import io.narthex.query.series.Grid;
import io.narthex.query.series.SamplePart;
import io.narthex.query.series.StepSeries;
import io.narthex.query.series.Value;
import java.util.List;
import java.util.Set;
import java.util.function.DoubleBinaryOperator;

/**
 * How the engine computes a function, and what the planner may assume of it. The signature, which
 * the type check uses, is a {@link io.narthex.promql.FunctionSignature} of the same name. Functions
 * of plugins are such records too.
 *
 * @param name the name in queries
 * @param evaluation the code
 * @param time which times the result depends on
 * @param part which part of a sample the function reads when its argument is an instant selector
 * @param selects whether it reads series on its own, which its second argument only describes
 * @param modes the modifiers that its range selector may have, besides none
 * @param plugin whether a plugin has it: then equal calls may give different values, and nothing is
 *     known of its labels
 */
public record FunctionKernel(
    String name,
    Evaluation evaluation,
    Time time,
    SamplePart part,
    boolean selects,
    Set<RangeMode> modes,
    boolean plugin) {
  /** Which times a function depends on, beyond those of its arguments. */
  public enum Time {
    /** Nothing: with the same arguments it has the same value at all steps. */
    NONE,
    /** The times of samples. */
    SAMPLES,
    /** The time of the step. */
    STEP,
    /** The first and the last step of the query and their distance. */
    QUERY
  }

  /** The code of a function. */
  public sealed interface Evaluation {}

  /**
   * A function of at most two numbers, which is calculated when the query is planned if they are
   * known.
   *
   * @param function gets NaN for missing arguments
   */
  public record OfNumbers(DoubleBinaryOperator function) implements Evaluation {}

  /** A function over scalars and instant vectors. */
  public record OfValues(ValueKernel kernel) implements Evaluation {}

  /** A function that gives at most one series for each series of a range vector. */
  public record OfWindows(WindowKernel kernel) implements Evaluation {}

  /** A function that looks at all series of a range vector together. */
  public record OfRange(RangeKernel kernel) implements Evaluation {}

  /** Computes a function over scalars and instant vectors, all steps at once. */
  public interface ValueKernel {
    Value eval(Operators operators, Call call, Grid grid);
  }

  /** Makes the state of a function over the windows of a range vector. */
  public interface WindowKernel {
    RangeFunction create(RangeCall call);
  }

  /** Computes a function over a range vector. */
  public interface RangeKernel {
    List<StepSeries> eval(Operators operators, Expr range, Windows windows, Grid grid);
  }

  /** Copies the modes. */
  public FunctionKernel {
    modes = Set.copyOf(modes);
  }

  /** Returns a built-in function of numbers. */
  static FunctionKernel ofNumbers(String name, DoubleBinaryOperator function) {
    return builtIn(name, new OfNumbers(function));
  }

  /** Returns a built-in function over scalars and instant vectors. */
  static FunctionKernel ofValues(String name, ValueKernel kernel) {
    return builtIn(name, new OfValues(kernel));
  }

  /** Returns a built-in function over the windows of a range vector. */
  static FunctionKernel ofWindows(String name, WindowKernel kernel) {
    return builtIn(name, new OfWindows(kernel));
  }

  /** Returns a built-in function over all series of a range vector. */
  static FunctionKernel ofRange(String name, RangeKernel kernel) {
    return builtIn(name, new OfRange(kernel));
  }

  private static FunctionKernel builtIn(String name, Evaluation evaluation) {
    return new FunctionKernel(
        name, evaluation, Time.NONE, SamplePart.VALUE, false, Set.of(), false);
  }

  /** Returns this function, depending on the time. */
  FunctionKernel dependingOn(Time other) {
    return new FunctionKernel(name, evaluation, other, part, selects, modes, plugin);
  }

  /** Returns this function, reading another part of the samples of an instant selector. */
  FunctionKernel reading(SamplePart other) {
    return new FunctionKernel(name, evaluation, time, other, selects, modes, plugin);
  }

  /** Returns this function, reading series that its second argument describes. */
  FunctionKernel selecting() {
    return new FunctionKernel(name, evaluation, time, part, true, modes, plugin);
  }

  /** Returns this function, allowing modifiers of its range selector. */
  FunctionKernel allowing(RangeMode... more) {
    return new FunctionKernel(name, evaluation, time, part, selects, Set.of(more), plugin);
  }

  /** Returns whether the value is the same at all steps if those of the arguments are. */
  public boolean isStepInvariant() {
    return !plugin && !selects && (time == Time.NONE || time == Time.QUERY);
  }

  /**
   * Returns whether each series of a range vector gives at most one with the same labels but for
   * the name, whatever the other series: such calls are evaluated series by series, on several
   * threads.
   */
  public boolean isPerSeries() {
    return !plugin && evaluation instanceof OfWindows;
  }
}
