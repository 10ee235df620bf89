package io.narthex.http;

import io.narthex.model.Exemplar;
import io.narthex.model.Label;
import io.narthex.model.Labels;
import io.narthex.model.NativeHistogram;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

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
    void series(
        Labels labels,
        long[] timesMs,
        double[] values,
        long[] histogramTimesMs,
        List<NativeHistogram> histograms,
        List<Exemplar> exemplars);
  }

  private final byte[] data;
  private int at;
  private final int end;

  private WriteRequestReader(byte[] data, int start, int end) {
    this.data = data;
    this.at = start;
    this.end = end;
  }

  /** Reads {@code length} bytes of {@code data}. */
  static void read(byte[] data, int length, SeriesConsumer consumer) throws MalformedException {
    WriteRequestReader in = new WriteRequestReader(data, 0, length);
    while (in.at < in.end) {
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
    long[] times = new long[4];
    double[] values = new double[4];
    int samples = 0;
    long[] histogramTimes = new long[0];
    List<NativeHistogram> histograms = new ArrayList<>();
    List<Exemplar> exemplars = new ArrayList<>();
    while (at < end) {
      int tag = (int) varint();
      switch (tag) {
        case 1 << 3 | 2 -> labels.add(nested().label());
        case 2 << 3 | 2 -> {
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
        case 3 << 3 | 2 -> exemplars.add(nested().exemplar());
        case 4 << 3 | 2 -> {
          long[] time = new long[1];
          histograms.add(nested().histogram(time));
          histogramTimes = Arrays.copyOf(histogramTimes, histograms.size());
          histogramTimes[histograms.size() - 1] = time[0];
        }
        default -> skip(tag);
      }
    }
    Labels set;
    try {
      set = Labels.of(labels);
    } catch (IllegalArgumentException e) {
      set = Labels.EMPTY; // a name that comes twice: invalid labels
    }
    consumer.series(
        set,
        Arrays.copyOf(times, samples),
        Arrays.copyOf(values, samples),
        histogramTimes,
        histograms,
        exemplars);
  }

  private Label label() throws MalformedException {
    String name = "";
    String value = "";
    while (at < end) {
      int tag = (int) varint();
      switch (tag) {
        case 1 << 3 | 2 -> name = text();
        case 2 << 3 | 2 -> value = text();
        default -> skip(tag);
      }
    }
    return new Label(name, value);
  }

  private Exemplar exemplar() throws MalformedException {
    List<Label> labels = new ArrayList<>();
    double value = 0;
    long time = 0;
    while (at < end) {
      int tag = (int) varint();
      switch (tag) {
        case 1 << 3 | 2 -> labels.add(nested().label());
        case 2 << 3 | 1 -> value = Double.longBitsToDouble(fixed64());
        case 3 << 3 -> time = varint();
        default -> skip(tag);
      }
    }
    try {
      return new Exemplar(Labels.of(labels), value, time, true);
    } catch (IllegalArgumentException e) {
      throw new MalformedException("exemplar: " + e.getMessage());
    }
  }

  /** Reads a histogram; integer counts and deltas become absolute floats. */
  private NativeHistogram histogram(long[] time) throws MalformedException {
    NativeHistogram.Builder b = NativeHistogram.builder();
    double zeroThreshold = 0;
    double zeroCount = 0;
    int[] positiveSpans = new int[0];
    int[] negativeSpans = new int[0];
    double[] positive = new double[0];
    double[] negative = new double[0];
    double[] bounds = new double[0];
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
        case 8 << 3 | 2 -> negativeSpans = nested().span(negativeSpans);
        case 9 << 3 | 2 -> negative = nested().deltas(negative);
        case 10 << 3 | 2 -> negative = nested().doubles(negative);
        case 11 << 3 | 2 -> positiveSpans = nested().span(positiveSpans);
        case 12 << 3 | 2 -> positive = nested().deltas(positive);
        case 13 << 3 | 2 -> positive = nested().doubles(positive);
        case 14 << 3 -> b.resetHint(hint((int) varint()));
        case 15 << 3 -> time[0] = varint();
        case 16 << 3 | 2 -> bounds = nested().doubles(bounds);
        default -> skip(tag);
      }
    }
    try {
      return b.zeroBucket(zeroThreshold, zeroCount)
          .positive(positiveSpans, positive)
          .negative(negativeSpans, negative)
          .customBounds(bounds)
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

  private int[] span(int[] before) throws MalformedException {
    int[] out = Arrays.copyOf(before, before.length + 2);
    while (at < end) {
      int tag = (int) varint();
      switch (tag) {
        case 1 << 3 -> out[before.length] = (int) zigzag(varint());
        case 2 << 3 -> out[before.length + 1] = (int) varint();
        default -> skip(tag);
      }
    }
    if (out[before.length + 1] < 0) {
      throw new MalformedException("histogram: a span has a negative length");
    }
    return out;
  }

  private double[] deltas(double[] before) throws MalformedException {
    int n = before.length;
    double[] out = Arrays.copyOf(before, n + end - at); // a delta has a byte at least
    long absolute = n == 0 ? 0 : (long) before[n - 1];
    while (at < end) {
      absolute += zigzag(varint());
      out[n++] = absolute;
    }
    return Arrays.copyOf(out, n);
  }

  private double[] doubles(double[] before) throws MalformedException {
    if ((end - at) % 8 != 0) {
      throw new MalformedException("unexpected EOF at byte " + end);
    }
    double[] out = Arrays.copyOf(before, before.length + (end - at) / 8);
    for (int i = before.length; i < out.length; i++) {
      out[i] = Double.longBitsToDouble(fixed64());
    }
    return out;
  }

  private static long zigzag(long n) {
    return (n >>> 1) ^ -(n & 1);
  }

  private WriteRequestReader nested() throws MalformedException {
    int length = length();
    WriteRequestReader inner = new WriteRequestReader(data, at, at + length);
    at += length;
    return inner;
  }

  private String text() throws MalformedException {
    int length = length();
    String text = new String(data, at, length, StandardCharsets.UTF_8);
    at += length;
    return text;
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
