package io.narthex.spi.function;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * A function of PromQL. It gets floats only: the host omits native histograms. The result has the
 * labels of the argument without the metric name.
 *
 * @param name letters, digits and _, not beginning with a digit
 * @param arguments types of the arguments, at most one of them a vector or a range vector
 * @param evaluation how it is computed; must match the arguments: {@link OfRange} with a range
 *     vector, {@link OfVector} with an instant vector, {@link OfScalars} with neither
 */
public record PromqlFunction(String name, List<ArgumentType> arguments, Evaluation evaluation) {
  private static final Pattern NAME = Pattern.compile("[a-zA-Z_][a-zA-Z0-9_]*", 0);

  /** The types of arguments. */
  public enum ArgumentType {
    /** A number per step. */
    SCALAR,
    /** An instant vector: at most one value per series and step. */
    VECTOR,
    /** A range vector: a window of samples per series and step. */
    MATRIX,
    /** A string, the same for all steps. */
    STRING
  }

  /**
   * Checks the name, and that the evaluation matches the arguments.
   *
   * @throws IllegalArgumentException when they do not
   */
  public PromqlFunction {
    arguments = List.copyOf(arguments);
    if (!NAME.matcher(name).matches()) {
      throw new IllegalArgumentException(
          "the name of a function must consist of letters, digits and _, got \"" + name + "\"");
    }
    Set<ArgumentType> series = new HashSet<>();
    for (ArgumentType type : arguments) {
      if (type == ArgumentType.VECTOR || type == ArgumentType.MATRIX) {
        if (!series.isEmpty()) {
          throw new IllegalArgumentException(
              "function " + name + " must not take more than one vector, got " + arguments);
        }
        series.add(type);
      }
    }
    boolean fits =
        evaluation instanceof OfVector
            ? series.contains(ArgumentType.VECTOR)
            : evaluation instanceof OfRange
                ? series.contains(ArgumentType.MATRIX)
                : series.isEmpty();
    if (!fits) {
      throw new IllegalArgumentException(
          "the evaluation of function " + name + " does not fit its arguments, got " + arguments);
    }
  }

  /** Returns the type of the result: a number per step, or an instant vector. */
  public ArgumentType returns() {
    return evaluation instanceof OfScalars ? ArgumentType.SCALAR : ArgumentType.VECTOR;
  }

  /**
   * How a function is computed, over all steps of the query at once. All arrays are valid during
   * the call only; those not documented as written are read-only, since other series share them.
   * May be called by several threads at once.
   */
  public sealed interface Evaluation permits OfScalars, OfVector, OfRange {}

  /** Computes a number from numbers. */
  @ConsumerType
  @FunctionalInterface
  public non-sealed interface OfScalars extends Evaluation {
    /**
     * Writes a number for each step.
     *
     * @param out written: one element per step, initially NaN
     */
    void evaluate(FunctionCall call, double[] out);
  }

  /** Computes one series from one series of an instant vector. */
  @ConsumerType
  @FunctionalInterface
  public non-sealed interface OfVector extends Evaluation {
    /**
     * Replaces the values of one series.
     *
     * @param values read and written: one element per step; NaN is a value like any other
     * @param present read and written: whether there is a value at the step; where there is none
     *     {@code values} is undefined
     */
    void evaluate(FunctionCall call, double[] values, boolean[] present);
  }

  /** Computes one series from the windows over one series. */
  @ConsumerType
  @FunctionalInterface
  public non-sealed interface OfRange extends Evaluation {
    /**
     * Computes the values of one series.
     *
     * @param windows the samples of each step's window
     * @param out written: one element per step
     * @param present written: whether there is a value at the step; initially true where the window
     *     contains a sample. A step with an empty window never gets a value.
     */
    void evaluate(FunctionCall call, FunctionWindows windows, double[] out, boolean[] present);
  }
}
