package io.narthex.storage.tsdb.chunks;

import io.narthex.model.NativeHistogram;
import io.narthex.model.NativeHistogram.ResetHint;
import io.narthex.storage.tsdb.io.ByteSink;
import io.narthex.storage.tsdb.io.ByteSource;
import io.narthex.storage.tsdb.io.Limits;
import java.util.Arrays;

/**
 * Turns rows into chunks and back. Holds scratch memory: one per thread at a time.
 *
 * <pre>
 * u8 flags: 1 = histograms, 2 = start times | varint rows
 * zigzag first time - base | packed time differences (rows - 1)
 * floats:      the values, see {@link ValueColumn}
 * histograms:  layout, then columns count, zero count, sum, each positive and each negative bucket
 * [start times: zigzag first time - first start time, packed differences (rows - 1)]
 *
 * layout: zigzag schema, u64 zero threshold, varint n, n zigzag positive spans, the same for
 *         negative spans, varint n, n u64 custom bounds, packed reset hints (rows)
 * </pre>
 *
 * All rows of a histogram chunk have the same layout; the reset hints may differ.
 */
public final class ChunkCodec {
  /** Most rows of a chunk. */
  public static final int MAX_ROWS = 1024;

  /**
   * Bytes of histograms after which a chunk gets no more rows: a reader has all rows of a chunk at
   * once, and one histogram may have a million buckets.
   */
  public static final long HISTOGRAM_BYTES = 1 << 20;

  /** Bytes that must be readable after a chunk: unpacking reads beyond its end. */
  public static final int SLACK = 16;

  private static final int HISTOGRAMS = 1;
  private static final int START_TIMES = 2;
  private static final ResetHint[] HINTS = ResetHint.values();

  private final PackedColumn packed = new PackedColumn();
  private final ValueColumn column = new ValueColumn();
  private long[] numbers = new long[16];
  private double[] cells = new double[16];

  private void grow(int n) {
    if (numbers.length < n) {
      numbers = new long[n];
      cells = new double[n];
    }
  }

  /** Returns how many of the rows from {@code from} on can share a chunk. */
  public static int sameLayout(ChunkRows rows, int from) {
    int end = Math.min(rows.size, from + MAX_ROWS);
    if (!rows.isHistogram) {
      return end - from;
    }
    NativeHistogram[] h = rows.histograms();
    int n = 1;
    while (from + n < end && sameLayout(h[from], h[from + n])) {
      n++;
    }
    return n;
  }

  /** Returns whether two histograms can share a chunk. */
  public static boolean sameLayout(NativeHistogram a, NativeHistogram b) {
    return a.schema() == b.schema()
        && Double.doubleToRawLongBits(a.zeroThreshold())
            == Double.doubleToRawLongBits(b.zeroThreshold())
        && Arrays.equals(a.positiveSpans(), b.positiveSpans())
        && Arrays.equals(a.negativeSpans(), b.negativeSpans())
        && Arrays.equals(a.customBounds(), b.customBounds());
  }

  /**
   * Writes a chunk of rows {@code from} to {@code from + n - 1}; {@code n} is 1 to {@link
   * #MAX_ROWS} and at most {@link #sameLayout(ChunkRows, int)}.
   */
  public void write(ChunkRows rows, int from, int n, long baseMs, ByteSink out) {
    grow(n);
    boolean starts = rows.hasStartTimes && anyStart(rows, from, n);
    out.u8((rows.isHistogram ? HISTOGRAMS : 0) | (starts ? START_TIMES : 0));
    out.varint(n);
    out.zigzag(rows.timesMs[from] - baseMs);
    for (int i = 1; i < n; i++) {
      numbers[i - 1] = rows.timesMs[from + i] - rows.timesMs[from + i - 1];
    }
    packed.write(numbers, 0, n - 1, out);
    if (rows.isHistogram) {
      writeHistograms(rows.histograms(), from, n, out);
    } else {
      column.write(rows.values, from, n, out);
    }
    if (starts) {
      long[] s = rows.startTimes();
      out.zigzag(rows.timesMs[from] - s[from]);
      for (int i = 1; i < n; i++) {
        numbers[i - 1] = s[from + i] - s[from + i - 1];
      }
      packed.write(numbers, 0, n - 1, out);
    }
  }

  private static boolean anyStart(ChunkRows rows, int from, int n) {
    for (int i = from; i < from + n; i++) {
      if (rows.startTimeMs(i) != 0) {
        return true;
      }
    }
    return false;
  }

  private void writeHistograms(NativeHistogram[] h, int from, int n, ByteSink out) {
    NativeHistogram first = h[from];
    out.zigzag(first.schema());
    out.u64(Double.doubleToRawLongBits(first.zeroThreshold()));
    writeSpans(first.positiveSpans(), out);
    writeSpans(first.negativeSpans(), out);
    out.varint(first.customBounds().length);
    for (double bound : first.customBounds()) {
      out.u64(Double.doubleToRawLongBits(bound));
    }
    for (int i = 0; i < n; i++) {
      numbers[i] = h[from + i].resetHint().ordinal();
    }
    packed.write(numbers, 0, n, out);
    for (int i = 0; i < n; i++) {
      cells[i] = h[from + i].count();
    }
    column.write(cells, 0, n, out);
    for (int i = 0; i < n; i++) {
      cells[i] = h[from + i].zeroCount();
    }
    column.write(cells, 0, n, out);
    for (int i = 0; i < n; i++) {
      cells[i] = h[from + i].sum();
    }
    column.write(cells, 0, n, out);
    for (int b = 0; b < first.positiveBuckets().length; b++) {
      for (int i = 0; i < n; i++) {
        cells[i] = h[from + i].positiveBuckets()[b];
      }
      column.write(cells, 0, n, out);
    }
    for (int b = 0; b < first.negativeBuckets().length; b++) {
      for (int i = 0; i < n; i++) {
        cells[i] = h[from + i].negativeBuckets()[b];
      }
      column.write(cells, 0, n, out);
    }
  }

  private static void writeSpans(int[] spans, ByteSink out) {
    out.varint(spans.length);
    for (int s : spans) {
      out.zigzag(s);
    }
  }

  /** Returns the time of the first row of the chunk at the source; moves the source. */
  public static long firstTime(ByteSource in, long baseMs) {
    in.u8();
    in.varint();
    return baseMs + in.zigzag();
  }

  /**
   * Reads a chunk. The array of the source has eight bytes after its limit.
   *
   * @throws ByteSource.Malformed when the bytes are no chunk
   */
  public void read(ByteSource in, long baseMs, ChunkRows rows) {
    int flags = in.u8();
    int n = in.count(MAX_ROWS);
    if (n == 0 || flags > (HISTOGRAMS | START_TIMES)) {
      throw new ByteSource.Malformed("chunk with flags " + flags + " and " + n + " rows");
    }
    grow(n);
    rows.clear((flags & HISTOGRAMS) != 0);
    rows.hasStartTimes = (flags & START_TIMES) != 0;
    rows.reserve(n);
    long[] times = rows.timesMs;
    long t = baseMs + in.zigzag();
    PackedColumn.read(in, times, 1, n - 1);
    times[0] = t;
    for (int i = 1; i < n; i++) {
      t += times[i];
      times[i] = t;
    }
    if (rows.isHistogram) {
      readHistograms(in, rows.histograms(), n);
    } else {
      column.read(in, rows.values, 0, n);
    }
    if (rows.hasStartTimes) {
      long[] s = rows.startTimes();
      long start = times[0] - in.zigzag();
      PackedColumn.read(in, s, 1, n - 1);
      s[0] = start;
      for (int i = 1; i < n; i++) {
        start += s[i];
        s[i] = start;
      }
    }
    rows.size = n;
  }

  private void readHistograms(ByteSource in, NativeHistogram[] out, int n) {
    int schema = (int) in.zigzag();
    double zeroThreshold = Double.longBitsToDouble(in.u64());
    int[] positiveSpans = readSpans(in);
    int[] negativeSpans = readSpans(in);
    double[] bounds =
        new double[in.count(Math.min(Limits.HISTOGRAM_PARTS, in.remaining() / Double.BYTES))];
    for (int i = 0; i < bounds.length; i++) {
      bounds[i] = Double.longBitsToDouble(in.u64());
    }
    long[] hints = new long[n];
    PackedColumn.read(in, hints, 0, n);
    double[] counts = new double[n];
    column.read(in, counts, 0, n);
    double[] zeros = new double[n];
    column.read(in, zeros, 0, n);
    double[] sums = new double[n];
    column.read(in, sums, 0, n);
    double[][] positive = readBuckets(in, positiveSpans, n);
    double[][] negative = readBuckets(in, negativeSpans, n);
    for (int i = 0; i < n; i++) {
      if (hints[i] < 0 || hints[i] >= HINTS.length) {
        throw new ByteSource.Malformed("reset hint is " + hints[i]);
      }
      try {
        out[i] =
            NativeHistogram.builder()
                .schema(schema)
                .zeroBucket(zeroThreshold, zeros[i])
                .count(counts[i])
                .sum(sums[i])
                .positive(positiveSpans, positive[i])
                .negative(negativeSpans, negative[i])
                .customBounds(bounds)
                .resetHint(HINTS[(int) hints[i]])
                .build();
      } catch (IllegalArgumentException e) { // spans and buckets do not fit
        throw new ByteSource.Malformed("histogram: " + e.getMessage());
      }
    }
  }

  private static int[] readSpans(ByteSource in) {
    int[] spans = new int[in.count(Math.min(Limits.HISTOGRAM_PARTS, in.remaining()))];
    for (int i = 0; i < spans.length; i++) {
      spans[i] = (int) in.zigzag();
    }
    return spans;
  }

  private double[][] readBuckets(ByteSource in, int[] spans, int n) {
    long buckets = 0;
    for (int i = 1; i < spans.length; i += 2) {
      buckets += spans[i];
    }
    // each has a column, which has a byte at least
    if (buckets < 0 || buckets > Math.min(Limits.HISTOGRAM_PARTS, in.remaining())) {
      throw new ByteSource.Malformed("histogram of " + buckets + " buckets");
    }
    double[][] rows = new double[n][(int) buckets];
    for (int b = 0; b < buckets; b++) {
      column.read(in, cells, 0, n);
      for (int i = 0; i < n; i++) {
        rows[i][b] = cells[i];
      }
    }
    return rows;
  }
}
