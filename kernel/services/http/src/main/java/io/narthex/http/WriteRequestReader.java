package io.narthex.http;

import io.narthex.format.thread.Courtesy;
import io.narthex.model.Exemplar;
import io.narthex.model.Label;
import io.narthex.model.Labels;
import io.narthex.model.NativeHistogram;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads a {@code prometheus.WriteRequest} (remote write 1.0) from protobuf's wire format, series by
 * series, without building message objects. Fields this server has no use for are skipped.
 */
final class WriteRequestReader {
  /** Bytes that are no message of this type. */
  static final class MalformedException extends Exception {
    private static final long serialVersionUID = 1;

    MalformedException(String message) {
      super(message);
    }
  }

  /** Takes the series of a request; the arrays are the caller's to keep. */
  interface SeriesConsumer {
    /**
     * Takes a series.
     *
     * @param labels null when they are invalid: a name that is empty or comes twice, text that is
     *     no UTF-8, more labels than a series may have
     */
    void series(
        @Nullable Labels labels,
        long[] timesMs,
        double[] values,
        long[] histogramTimesMs,
        List<NativeHistogram> histograms,
        List<Exemplar> exemplars);
  }

  /** Most labels of a series; the storage takes no more either. */
  private static final int MAX_LABELS = 1 << 16;

  /** Labels of an exemplar have at most 128 characters together. */
  private static final int MAX_EXEMPLAR_LABELS = 128;

  /** Most buckets, spans or bounds of one side of a histogram. */
  private static final int MAX_PARTS = 1 << 19;

  /** Series between two chances for other threads on the same carrier. */
  private static final int YIELD_EVERY = 512;

  /** Whole numbers in an array that doubles as it fills. */
  private static final class Ints {
    private int[] numbers = new int[4];
    private int size;

    void add(int number) {
      if (size == numbers.length) {
        numbers = Arrays.copyOf(numbers, size * 2);
      }
      numbers[size++] = number;
    }

    int[] toArray() {
      return Arrays.copyOf(numbers, size);
    }
  }

  /** Floats, likewise. */
  private static final class Doubles {
    private double[] numbers = new double[4];
    private int size;
    private long last; // sum of the deltas so far

    void add(double number) throws MalformedException {
      if (size == MAX_PARTS) {
        throw tooManyParts();
      }
      if (size == numbers.length) {
        numbers = Arrays.copyOf(numbers, size * 2);
      }
      numbers[size++] = number;
    }

    double[] toArray() {
      return Arrays.copyOf(numbers, size);
    }
  }

  private final byte[] data;
  private int at;
  private final int end;

  /** Samples, histograms and exemplars that may still come; shared by all parts of a request. */
  private final int[] room;

  private WriteRequestReader(byte[] data, int start, int end, int[] room) {
    this.data = data;
    this.at = start;
    this.end = end;
    this.room = room;
  }

  private static MalformedException tooManyParts() {
    return new MalformedException("histogram has more than " + MAX_PARTS + " buckets or spans");
  }

  private void count() throws MalformedException {
    if (--room[0] < 0) {
      throw new MalformedException(
          "the request has more samples, histograms and exemplars than one may have; send less at once");
    }
  }

  /**
   * Reads {@code length} bytes of {@code data}.
   *
   * @param maxRows most samples, histograms and exemplars together
   */
  static void read(byte[] data, int length, int maxRows, SeriesConsumer consumer)
      throws MalformedException {
    WriteRequestReader in = new WriteRequestReader(data, 0, length, new int[] {maxRows});
    int series = 0;
    Courtesy courtesy = new Courtesy();
    while (in.at < in.end) {
      if (++series % YIELD_EVERY == 0) {
        courtesy.giveWay();
      }
      int tag = (int) in.varint();
      if (tag == (1 << 3 | 2)) {
        in.nested().series(consumer);
      } else {
        in.skip(tag);
      }
    }
  }

  private void series(SeriesConsumer consumer) throws MalformedException {
    List<Label> labels = new ArrayList<>();
    boolean valid = true;
    long[] times = new long[4];
    double[] values = new double[4];
    int samples = 0;
    long[] histogramTimes = new long[1];
    List<NativeHistogram> histograms = new ArrayList<>();
    List<Exemplar> exemplars = new ArrayList<>();
    while (at < end) {
      int tag = (int) varint();
      switch (tag) {
        case 1 << 3 | 2 -> {
          Label label = nested().label();
          valid &= label != null && labels.size() < MAX_LABELS;
          if (valid && label != null) {
            labels.add(label);
          }
        }
        case 2 << 3 | 2 -> {
          count();
          if (samples == times.length) {
            times = Arrays.copyOf(times, samples * 2);
            values = Arrays.copyOf(values, samples * 2);
          }
          WriteRequestReader sample = nested();
          while (sample.at < sample.end) {
            int field = (int) sample.varint();
            if (field == (1 << 3 | 1)) {
              values[samples] = Double.longBitsToDouble(sample.fixed64());
            } else if (field == 2 << 3) {
              times[samples] = sample.varint();
            } else {
              sample.skip(field);
            }
          }
          samples++;
        }
        case 3 << 3 | 2 -> {
          count();
          Exemplar exemplar = nested().exemplar();
          if (exemplar != null) {
            exemplars.add(exemplar);
          }
        }
        case 4 << 3 | 2 -> {
          count();
          long[] time = new long[1];
          histograms.add(nested().histogram(time));
          if (histograms.size() > histogramTimes.length) {
            histogramTimes = Arrays.copyOf(histogramTimes, histogramTimes.length * 2);
          }
          histogramTimes[histograms.size() - 1] = time[0];
        }
        default -> skip(tag);
      }
    }
    Labels set = null;
    try {
      set = valid ? Labels.of(labels) : null;
    } catch (IllegalArgumentException e) {
      // a name that comes twice: invalid labels
    }
    consumer.series(
        set,
        Arrays.copyOf(times, samples),
        Arrays.copyOf(values, samples),
        Arrays.copyOf(histogramTimes, histograms.size()),
        histograms,
        exemplars);
  }

  /** Reads a label; null when its name is empty or one of its texts is no UTF-8. */
  private @Nullable Label label() throws MalformedException {
    @Nullable String name = "";
    @Nullable String value = "";
    while (at < end) {
      int tag = (int) varint();
      switch (tag) {
        case 1 << 3 | 2 -> name = text();
        case 2 << 3 | 2 -> value = text();
        default -> skip(tag);
      }
    }
    return name == null || value == null || name.isEmpty() ? null : new Label(name, value);
  }

  /** Reads an exemplar; null when its labels are invalid. */
  private @Nullable Exemplar exemplar() throws MalformedException {
    List<Label> labels = new ArrayList<>();
    boolean valid = true;
    double value = 0;
    long time = 0;
    while (at < end) {
      int tag = (int) varint();
      switch (tag) {
        case 1 << 3 | 2 -> {
          Label label = nested().label();
          valid &= label != null && labels.size() < MAX_EXEMPLAR_LABELS;
          if (valid && label != null) {
            labels.add(label);
          }
        }
        case 2 << 3 | 1 -> value = Double.longBitsToDouble(fixed64());
        case 3 << 3 -> time = varint();
        default -> skip(tag);
      }
    }
    try {
      return valid ? new Exemplar(Labels.of(labels), value, time, true) : null;
    } catch (IllegalArgumentException e) {
      return null;
    }
  }

  /** Reads a histogram; integer counts and deltas become absolute floats. */
  private NativeHistogram histogram(long[] time) throws MalformedException {
    NativeHistogram.Builder b = NativeHistogram.builder();
    double zeroThreshold = 0;
    double zeroCount = 0;
    Ints positiveSpans = new Ints();
    Ints negativeSpans = new Ints();
    Doubles positive = new Doubles();
    Doubles negative = new Doubles();
    Doubles bounds = new Doubles();
    while (at < end) {
      int tag = (int) varint();
      switch (tag) {
        case 1 << 3 -> b.count(varint());
        case 2 << 3 | 1 -> b.count(Double.longBitsToDouble(fixed64()));
        case 3 << 3 | 1 -> b.sum(Double.longBitsToDouble(fixed64()));
        case 4 << 3 -> b.schema((int) zigzag(varint()));
        case 5 << 3 | 1 -> zeroThreshold = Double.longBitsToDouble(fixed64());
        case 6 << 3 -> zeroCount = varint();
        case 7 << 3 | 1 -> zeroCount = Double.longBitsToDouble(fixed64());
        case 8 << 3 | 2 -> nested().span(negativeSpans);
        case 9 << 3 | 2 -> nested().deltas(negative);
        case 10 << 3 | 2 -> nested().doubles(negative);
        case 11 << 3 | 2 -> nested().span(positiveSpans);
        case 12 << 3 | 2 -> nested().deltas(positive);
        case 13 << 3 | 2 -> nested().doubles(positive);
        case 14 << 3 -> b.resetHint(hint((int) varint()));
        case 15 << 3 -> time[0] = varint();
        case 16 << 3 | 2 -> nested().doubles(bounds);
        default -> skip(tag);
      }
    }
    try {
      return b.zeroBucket(zeroThreshold, zeroCount)
          .positive(positiveSpans.toArray(), positive.toArray())
          .negative(negativeSpans.toArray(), negative.toArray())
          .customBounds(bounds.toArray())
          .build();
    } catch (IllegalArgumentException e) {
      throw new MalformedException(String.valueOf(e.getMessage()));
    }
  }

  private static NativeHistogram.ResetHint hint(int number) {
    return switch (number) {
      case 1 -> NativeHistogram.ResetHint.RESET;
      case 2 -> NativeHistogram.ResetHint.NOT_RESET;
      case 3 -> NativeHistogram.ResetHint.GAUGE;
      default -> NativeHistogram.ResetHint.UNKNOWN;
    };
  }

  private void span(Ints out) throws MalformedException {
    if (out.size >= 2 * MAX_PARTS) {
      throw tooManyParts();
    }
    int offset = 0;
    int length = 0;
    while (at < end) {
      int tag = (int) varint();
      switch (tag) {
        case 1 << 3 -> offset = (int) zigzag(varint());
        case 2 << 3 -> length = (int) varint();
        default -> skip(tag);
      }
    }
    if (length < 0) {
      throw new MalformedException("histogram: a span has a negative length");
    }
    out.add(offset);
    out.add(length);
  }

  private void deltas(Doubles out) throws MalformedException {
    while (at < end) {
      out.last += zigzag(varint());
      out.add(out.last);
    }
  }

  private void doubles(Doubles out) throws MalformedException {
    if ((end - at) % 8 != 0) {
      throw new MalformedException("unexpected EOF at byte " + end);
    }
    while (at < end) {
      out.add(Double.longBitsToDouble(fixed64()));
    }
  }

  private static long zigzag(long n) {
    return (n >>> 1) ^ -(n & 1);
  }

  private WriteRequestReader nested() throws MalformedException {
    int length = length();
    WriteRequestReader inner = new WriteRequestReader(data, at, at + length, room);
    at += length;
    return inner;
  }

  /** Reads a text; null when it is no UTF-8, which must not make two series one. */
  private @Nullable String text() throws MalformedException {
    int length = length();
    String text = new String(data, at, length, StandardCharsets.UTF_8);
    boolean replaced = text.indexOf('\uFFFD') >= 0;
    if (replaced && !Arrays.equals(text.getBytes(StandardCharsets.UTF_8), slice(length))) {
      text = null;
    }
    at += length;
    return text;
  }

  private byte[] slice(int length) {
    return Arrays.copyOfRange(data, at, at + length);
  }

  private int length() throws MalformedException {
    long length = varint();
    if (length < 0 || length > end - at) {
      throw new MalformedException("unexpected EOF at byte " + at);
    }
    return (int) length;
  }

  private long varint() throws MalformedException {
    long value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (at >= end) {
        throw new MalformedException("unexpected EOF at byte " + at);
      }
      byte b = data[at++];
      value |= (long) (b & 0x7f) << shift;
      if (b >= 0) {
        return value;
      }
    }
    throw new MalformedException("integer overflow at byte " + at);
  }

  private long fixed64() throws MalformedException {
    if (end - at < 8) {
      throw new MalformedException("unexpected EOF at byte " + at);
    }
    long value = 0;
    for (int i = 7; i >= 0; i--) {
      value = value << 8 | (data[at + i] & 0xffL);
    }
    at += 8;
    return value;
  }

  private void skip(int tag) throws MalformedException {
    switch (tag & 7) {
      case 0 -> varint();
      case 1 -> fixed64();
      case 2 -> {
        int length = length();
        at += length;
      }
      case 5 -> {
        if (end - at < 4) {
          throw new MalformedException("unexpected EOF at byte " + at);
        }
        at += 4;
      }
      default -> throw new MalformedException("illegal wire type " + (tag & 7) + " at byte " + at);
    }
  }
}
