package io.narthex.spi.storage;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** The outcome of each sample of a batch. Immutable. */
public final class AppendResult {
  /** The sample was accepted. */
  public static final byte OK = 0;

  /** The series has a newer sample already. */
  public static final byte OUT_OF_ORDER = 1;

  /** The series has another value at this time. */
  public static final byte DUPLICATE = 2;

  /** Older than anything the storage accepts. */
  public static final byte OUT_OF_BOUNDS = 3;

  /** Out of order, and older than the out-of-order window. */
  public static final byte TOO_OLD = 4;

  /** The storage does not know the reference: resolve the labels again. */
  public static final byte UNKNOWN_SERIES = 5;

  /** The histogram is inconsistent, see {@link HistogramRules}. */
  public static final byte INVALID_HISTOGRAM = 6;

  /** Too far ahead of the storage's clock: the sender's clock is wrong. */
  public static final byte TOO_FAR_IN_FUTURE = 7;

  /** Out of order, and the buffer of such samples is full: send it later. */
  public static final byte NO_ROOM = 8;

  /** All samples were accepted. */
  public static final AppendResult ALL_OK = new AppendResult(null, 0);

  private final byte @Nullable [] codes;
  private final int rejectedExemplars;

  private AppendResult(byte @Nullable [] codes, int rejectedExemplars) {
    this.codes = codes;
    this.rejectedExemplars = rejectedExemplars;
  }

  /** Returns a result with one code per row. Keeps the array. */
  public static AppendResult of(byte[] codes, int rejectedExemplars) {
    return new AppendResult(codes, rejectedExemplars);
  }

  /** Returns whether every sample was accepted. */
  public boolean allOk() {
    return codes == null;
  }

  /** Returns the code of a row, 0 to {@code size() - 1} of the batch. */
  public byte code(int row) {
    return codes == null ? OK : codes[row];
  }

  /** Returns the number of exemplars that were out of order or otherwise refused. */
  public int rejectedExemplars() {
    return rejectedExemplars;
  }

  /** Returns the number of rows with this code; not defined for {@link #OK}. */
  public int count(byte code) {
    int n = 0;
    if (codes != null) {
      for (byte c : codes) {
        if (c == code) {
          n++;
        }
      }
    }
    return n;
  }

  @Override
  public String toString() {
    return codes == null ? "AppendResult[all accepted]" : "AppendResult" + Arrays.toString(codes);
  }
}
