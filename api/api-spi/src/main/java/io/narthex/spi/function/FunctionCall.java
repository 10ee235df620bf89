package io.narthex.spi.function;

import org.osgi.annotation.versioning.ProviderType;

/**
 * One call of a function in one query. Confined to one thread; valid during the evaluation only.
 */
@ProviderType
public interface FunctionCall {
  /** Returns the number of steps, 1 for an instant query. */
  int steps();

  /** Returns the evaluation time of a step in epoch milliseconds; ascending. */
  long timeMs(int step);

  /**
   * Returns a scalar argument: one element per step, read-only.
   *
   * @param argument index of the argument, from 0
   * @throws IllegalArgumentException when the argument is not a scalar
   */
  double[] scalars(int argument);

  /**
   * Returns a string argument.
   *
   * @param argument index of the argument, from 0
   * @throws IllegalArgumentException when the argument is not a string
   */
  String text(int argument);
}
