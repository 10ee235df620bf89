package io.narthex.model;

/** The special NaN that marks the end of a series, and the ordinary NaN. */
public final class StaleMarker {
  /** Bits of the staleness marker. Other NaNs are ordinary values. */
  public static final long BITS = 0x7ff0000000000002L;

  /** Bits of the NaN that results are normalised to. */
  public static final long NORMAL_NAN_BITS = 0x7ff8000000000001L;

  /** The staleness marker as a value. Only copy it: arithmetic may change its bits. */
  public static final double VALUE = Double.longBitsToDouble(BITS);

  private StaleMarker() {}

  /** Returns whether {@code value} is the staleness marker; other NaNs are not. */
  public static boolean is(double value) {
    return Double.doubleToRawLongBits(value) == BITS;
  }
}
