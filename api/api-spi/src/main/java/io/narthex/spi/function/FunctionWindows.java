package io.narthex.spi.function;

import org.osgi.annotation.versioning.ProviderType;

/**
 * The windows over one series, a window per step. The samples of a step's window are those with
 * index {@code from(step)} inclusive to {@code to(step)} exclusive; both rise from step to step, so
 * that what was calculated for one window can be carried on to the next.
 */
@ProviderType
public interface FunctionWindows {
  /** Returns the times of the samples in milliseconds since the epoch, rising; only to be read. */
  long[] timesMs();

  /** Returns the values of the samples, never staleness markers; only to be read. */
  double[] values();

  /** Returns the index of the first sample in the window of a step. */
  int from(int step);

  /** Returns the index after the last sample in the window of a step. */
  int to(int step);

  /** Returns the end of a step's window in milliseconds since the epoch, inclusive. */
  long endMs(int step);

  /** Returns the length of a window in milliseconds; its start is exclusive. */
  long rangeMs();
}
