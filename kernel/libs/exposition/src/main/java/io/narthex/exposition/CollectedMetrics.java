package io.narthex.exposition;

import io.narthex.model.Exemplar;
import io.narthex.model.Labels;
import io.narthex.model.MetricMetadata;
import io.narthex.model.MetricType;
import io.narthex.model.NativeHistogram;
import io.narthex.spi.exporter.MetricSink;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.LongPredicate;
import org.jspecify.annotations.Nullable;

/**
 * Metrics that are collected in process, in columns: values stay numbers, and each sample has the
 * bytes of its series, by which a reader recognizes it. {@link #parser} reads them like an
 * exposition. The arrays are reused by the next collection, so a sample allocates nothing once they
 * are large enough.
 *
 * <p><b>Series.</b> The name, then names and values of the labels in order, in UTF-8, each followed
 * by a byte that does not occur in UTF-8.
 *
 * <p><b>Limits.</b> A sample that exceeds the given size, or for which there is no memory, throws,
 * and so does every later one; {@link #refusal()} returns the reason.
 *
 * <p>Not thread-safe.
 */
public final class CollectedMetrics implements MetricSink {
  /** Why not all metrics were kept. */
  public enum Refusal {
    /** All are kept. */
    NONE,
    /** There are more bytes than allowed. */
    TOO_LARGE,
    /** There was no memory for more. */
    NO_ROOM
  }

  /** Ends each part of a series. */
  static final byte END = (byte) 0xff;

  private static final int FIRST_ROWS = 256;
  private static final int FIRST_TEXT = 32 << 10;
  private static final int ROW_BYTES = 8 + 8 + 4;
  private static final int MAX_ARRAY = Integer.MAX_VALUE - 16;

  private final LongPredicate room;
  private long limit = Long.MAX_VALUE;
  private long size;
  private Refusal refusal = Refusal.NONE;

  byte[] text = new byte[FIRST_TEXT];
  private int textLength;

  int rows;
  int[] ends = new int[FIRST_ROWS]; // of each row's series in text
  double[] values = new double[FIRST_ROWS];
  long[] times = new long[FIRST_ROWS]; // 0 = without

  /** Declared families, with the first row of each; rows before the first have none. */
  final List<MetricMetadata> families = new ArrayList<>();

  final Ints familyRows = new Ints();

  /** Native histograms and their rows in ascending order; the same for exemplars. */
  final List<NativeHistogram> histograms = new ArrayList<>();

  final Ints histogramRows = new Ints();
  final List<Exemplar> exemplars = new ArrayList<>();
  final Ints exemplarRows = new Ints();

  private @Nullable ExpositionParser parser; // the last one, to be reused
  private @Nullable ParserOptions parserOptions;

  /**
   * Creates it empty.
   *
   * @param room called with the number of additional bytes before arrays grow; returns whether they
   *     may
   */
  public CollectedMetrics(LongPredicate room) {
    this.room = room;
  }

  /**
   * Removes all metrics.
   *
   * @param maxBytes most that {@link #size()} may reach
   */
  public void reset(long maxBytes) {
    limit = maxBytes;
    size = 0;
    refusal = Refusal.NONE;
    textLength = 0;
    rows = 0;
    families.clear();
    familyRows.clear();
    histograms.clear();
    histogramRows.clear();
    exemplars.clear();
    exemplarRows.clear();
  }

  /** Returns the size in bytes: of the series, and 8 for each value, also in a histogram. */
  public long size() {
    return size;
  }

  /** Returns the bytes that a {@link #copy()} takes. */
  public long used() {
    return size + (long) ROW_BYTES * rows;
  }

  /** Returns the bytes of the arrays, used or not. */
  public long capacity() {
    return text.length + (long) ROW_BYTES * values.length;
  }

  /** Returns why not all metrics were kept. */
  public Refusal refusal() {
    return refusal;
  }

  /** Returns a copy with arrays of minimal size. */
  public CollectedMetrics copy() {
    CollectedMetrics copy = new CollectedMetrics(_ -> true);
    copy.limit = limit;
    copy.size = size;
    copy.refusal = refusal;
    copy.text = Arrays.copyOf(text, textLength);
    copy.textLength = textLength;
    copy.rows = rows;
    copy.ends = Arrays.copyOf(ends, rows);
    copy.values = Arrays.copyOf(values, rows);
    copy.times = Arrays.copyOf(times, rows);
    copy.addLists(this);
    return copy;
  }

  /** Takes over the content and the arrays of another one, which must not be used any more. */
  public void take(CollectedMetrics other) {
    reset(other.limit);
    size = other.size;
    refusal = other.refusal;
    text = other.text;
    textLength = other.textLength;
    rows = other.rows;
    ends = other.ends;
    values = other.values;
    times = other.times;
    addLists(other);
  }

  private void addLists(CollectedMetrics other) {
    families.addAll(other.families);
    familyRows.addAll(other.familyRows);
    histograms.addAll(other.histograms);
    histogramRows.addAll(other.histogramRows);
    exemplars.addAll(other.exemplars);
    exemplarRows.addAll(other.exemplarRows);
  }

  /** Returns a parser positioned before the first sample; valid until the next change. */
  public ExpositionParser parser(ParserOptions options) {
    ExpositionParser p = parser;
    if (p == null || !options.equals(parserOptions)) {
      p = new CollectedParser(this, options);
      if (options.convertClassicToNhcb()) {
        p = new NhcbParser(p, options.keepClassic(), true);
      }
      parser = p;
      parserOptions = options;
    }
    p.reset(text, textLength);
    return p;
  }

  @Override
  public void family(MetricMetadata metadata) {
    add(metadata.name().length() + metadata.help().length() + metadata.unit().length());
    families.add(metadata);
    familyRows.add(rows);
  }

  @Override
  public void sample(String name, Labels labels, double value) {
    row(name, labels, value, 0);
  }

  @Override
  public void sample(
      String name, Labels labels, double value, long timestampMs, @Nullable Exemplar exemplar) {
    if (exemplar != null) {
      long bytes = 8;
      for (int i = 0; i < exemplar.labels().size(); i++) {
        bytes += exemplar.labels().name(i).length() + exemplar.labels().value(i).length();
      }
      add(bytes);
    }
    row(name, labels, value, timestampMs);
    if (exemplar != null) {
      exemplarRows.add(rows - 1);
      exemplars.add(exemplar);
    }
  }

  @Override
  public void histogram(String name, Labels labels, NativeHistogram histogram) {
    add(
        8L
            * (histogram.positiveBuckets().length
                + histogram.negativeBuckets().length
                + histogram.positiveSpans().length
                + histogram.negativeSpans().length
                + histogram.customBounds().length));
    row(name, labels, 0, 0);
    histogramRows.add(rows - 1);
    histograms.add(histogram);
  }

  private void row(String name, Labels labels, double value, long timestampMs) {
    if (rows == values.length) {
      growRows();
    }
    int before = rows == 0 ? 0 : ends[rows - 1];
    textLength = before; // discards what a failed call has written
    put(name);
    for (int i = 0; i < labels.size(); i++) {
      if (!labels.name(i).equals(Labels.METRIC_NAME)) {
        put(labels.name(i));
        put(labels.value(i));
      }
    }
    add(textLength - before + 8L);
    values[rows] = value;
    times[rows] = timestampMs;
    ends[rows++] = textLength;
  }

  /** Adds to the size; throws when it is or becomes too large. */
  private void add(long bytes) {
    size += bytes;
    if (size > limit && refusal == Refusal.NONE) {
      refusal = Refusal.TOO_LARGE;
    }
    if (refusal != Refusal.NONE) {
      throw refused();
    }
  }

  private IllegalStateException refused() {
    return new IllegalStateException(
        refusal == Refusal.TOO_LARGE
            ? "these metrics exceed the size that a scrape may have"
            : "there is no room for these metrics");
  }

  private void put(String part) {
    int n = part.length();
    if (refusal != Refusal.NONE || size + n > limit) {
      add(n);
    }
    if (n >= text.length - textLength) {
      growText(n + 1L);
    }
    byte[] to = text;
    int at = textLength;
    for (int i = 0; i < n; i++) {
      char c = part.charAt(i);
      if (c >= 0x80) {
        growText(3L * (n - i) + 1); // to[textLength, at) moves with it
        at = Utf8.encode(part, i, text, at);
        to = text;
        break;
      }
      to[at++] = (byte) c;
    }
    to[at++] = END;
    textLength = at;
  }

  private void growText(long more) {
    long needed = textLength + more;
    if (needed > text.length) {
      text = Arrays.copyOf(text, larger(text.length, needed, 1));
    }
  }

  private void growRows() {
    int length = larger(values.length, rows + 1L, ROW_BYTES);
    ends = Arrays.copyOf(ends, length);
    values = Arrays.copyOf(values, length);
    times = Arrays.copyOf(times, length);
  }

  /** Returns the next length of arrays, after reserving memory for it. */
  private int larger(int length, long needed, int bytes) {
    long next = Math.min(Math.max(2L * length, needed), MAX_ARRAY);
    if (needed > MAX_ARRAY || !room.test((next - length) * bytes)) {
      refusal = Refusal.NO_ROOM;
      throw refused();
    }
    return (int) next;
  }

  /** Returns whether metadata is that of a histogram. */
  static boolean isHistogram(MetricType type) {
    return type == MetricType.HISTOGRAM || type == MetricType.GAUGEHISTOGRAM;
  }
}
