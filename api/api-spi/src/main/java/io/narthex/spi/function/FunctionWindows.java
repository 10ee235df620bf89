package io.narthex.spi.function;

import org.osgi.annotation.versioning.ProviderType;

/**
 * The windows over one series, one per step. The samples of a step's window have the indices {@code
 * from(step)} inclusive to {@code to(step)} exclusive; neither ever decreases from step to step, so
 * that a running result can be carried over to the next window. Windows of consecutive steps
 * overlap when the range is longer than the step. Confined to one thread; valid during the
 * evaluation only.
 *
 * <p>Example: with a range of 30 s, samples at 10, 20, 30 and 40 s and steps at 30, 45 and 90 s the
 * windows have the samples 0 to 3, 1 to 4 and none (end exclusive). The function below returns for
 * the values 1, 4, 9 and 2 the results 8, 7 and no value.
 *
 * <pre>{@code
 * // spread_over_time(v): the difference of the largest and the smallest value of each window
 * OfRange spread =
 *     (call, windows, out, present) -> {
 *       double[] values = windows.values();
 *       for (int step = 0; step < call.steps(); step++) {
 *         double min = Double.POSITIVE_INFINITY;
 *         double max = Double.NEGATIVE_INFINITY;
 *         for (int i = windows.from(step); i < windows.to(step); i++) {
 *           min = Math.min(min, values[i]);
 *           max = Math.max(max, values[i]);
 *         }
 *         out[step] = max - min; // present[step] is false already where the window is empty
 *       }
 *     };
 * PromqlFunction function =
 *     new PromqlFunction("spread_over_time", List.of(ArgumentType.MATRIX), spread);
 * }</pre>
 */
@ProviderType
public interface FunctionWindows {
  /** Returns the timestamps of the samples in epoch milliseconds, ascending; read-only. */
  long[] timesMs();

  /** Returns the values of the samples, never staleness markers; read-only. */
  double[] values();

  /**
   * Returns the index of the first sample in the window of a step; equals {@link #to} if it is
   * empty.
   */
  int from(int step);

  /** Returns the index after the last sample in the window of a step. */
  int to(int step);

  /** Returns the end of a step's window in epoch milliseconds, inclusive. */
  long endMs(int step);

  /**
   * Returns the length of the windows in milliseconds; a window starts, exclusive, at {@code
   * endMs(step) - rangeMs()}.
   */
  long rangeMs();
}
