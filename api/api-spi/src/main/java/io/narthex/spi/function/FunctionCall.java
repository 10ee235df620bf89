package io.narthex.spi.function;

import org.osgi.annotation.versioning.ProviderType;

/** One call of a function in one query. Used by one thread, during the evaluation only. */
@ProviderType
public interface FunctionCall {
  /** Returns the number of steps, 1 for an instant query. */
  int steps();

  /** Returns the evaluation time of a step in milliseconds since the epoch; steps rise. */
  long timeMs(int step);

  /**
   * Returns a scalar argument: one element per step, only to be read.
   *
   * @param argument index of the argument, from 0
   * @throws IllegalArgumentException when the argument is no scalar
   */
  double[] scalars(int argument);

  /**
   * Returns a text argument.
   *
   * @param argument index of the argument, from 0
   * @throws IllegalArgumentException when the argument is no text
   */
  String text(int argument);
}
