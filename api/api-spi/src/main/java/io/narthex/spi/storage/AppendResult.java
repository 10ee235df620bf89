package io.narthex.spi.storage;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** What became of the samples of a batch. Immutable. */
public final class AppendResult {
  /** The sample was accepted. */
  public static final byte OK = 0;

  /** The series has a newer sample already. */
  public static final byte OUT_OF_ORDER = 1;

  /** The series has another value at this time. */
  public static final byte DUPLICATE = 2;

  /** Older than what the storage takes at all. */
  public static final byte OUT_OF_BOUNDS = 3;

  /** Out of order, and older than the out-of-order window. */
  public static final byte TOO_OLD = 4;

  /** The reference means nothing to the storage: resolve the labels again. */
  public static final byte UNKNOWN_SERIES = 5;

  /** The histogram contradicts itself. */
  public static final byte INVALID_HISTOGRAM = 6;

  /** Further ahead of the storage's clock than it takes: a sender's clock is wrong. */
  public static final byte TOO_FAR_IN_FUTURE = 7;

  /** Out of order, and as many such samples as there is room for wait to be written: send later. */
  public static final byte NO_ROOM = 8;

  /** All samples were accepted. */
  public static final AppendResult ALL_OK = new AppendResult(null, 0);

  private final byte @Nullable [] codes;
  private final int rejectedExemplars;

  private AppendResult(byte @Nullable [] codes, int rejectedExemplars) {
    this.codes = codes;
    this.rejectedExemplars = rejectedExemplars;
  }

  /** Returns a result with one code per row. Takes the array over. */
  public static AppendResult of(byte[] codes, int rejectedExemplars) {
    return new AppendResult(codes, rejectedExemplars);
  }

  /** Tells whether every sample was accepted. */
  public boolean allOk() {
    return codes == null;
  }

  /** Returns the code of a row. */
  public byte code(int row) {
    return codes == null ? OK : codes[row];
  }

  /** Returns how many exemplars were out of order or otherwise refused. */
  public int rejectedExemplars() {
    return rejectedExemplars;
  }

  /** Returns how many rows have this code; {@link #OK} cannot be asked for. */
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
