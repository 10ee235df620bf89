package io.narthex.http;

import io.narthex.exposition.ProtobufBuckets;
import io.narthex.exposition.ProtobufNumbers;
import io.narthex.exposition.ProtobufWire;
import io.narthex.exposition.ProtobufWire.Broken;
import io.narthex.exposition.thread.Courtesy;
import io.narthex.model.Exemplar;
import io.narthex.model.Label;
import io.narthex.model.Labels;
import io.narthex.model.NativeHistogram;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads a {@code prometheus.WriteRequest} (remote write 1.0) from protobuf's wire format, series by
 * series, without building message objects. Fields this server has no use for are skipped.
 */
final class WriteRequestReader {
  /** The bytes are not a message of this type. */
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
     * @param labels null when they are invalid: an empty or duplicate name, invalid UTF-8, more
     *     labels than a series may have
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

  /** Series between two yields to other virtual threads. */
  private static final int YIELD_EVERY = 512;

  private final ProtobufWire in;

  /** Samples, histograms and exemplars that are still allowed. */
  private int room;

  // reused between histograms
  private final ProtobufBuckets positive = new ProtobufBuckets();
  private final ProtobufBuckets negative = new ProtobufBuckets();
  private final ProtobufNumbers bounds = new ProtobufNumbers();

  private WriteRequestReader(ProtobufWire in, int room) {
    this.in = in;
    this.room = room;
  }

  private void count() throws MalformedException {
    if (--room < 0) {
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
    ProtobufWire in = new ProtobufWire(data, 0, length);
    WriteRequestReader reader = new WriteRequestReader(in, maxRows);
    int series = 0;
    Courtesy courtesy = new Courtesy();
    try {
      while (in.next()) {
        if (++series % YIELD_EVERY == 0) {
          courtesy.giveWay();
        }
        if (in.field() == 1) {
          int outer = in.enter();
          reader.series(consumer);
          in.leave(outer);
        } else {
          in.skip();
        }
      }
    } catch (Broken e) {
      throw new MalformedException(e.getMessage() + " at byte " + in.position());
    }
  }

  private void series(SeriesConsumer consumer) throws MalformedException, Broken {
    List<Label> labels = new ArrayList<>();
    boolean valid = true;
    long[] times = new long[4];
    double[] values = new double[4];
    int samples = 0;
    long[] histogramTimes = new long[1];
    List<NativeHistogram> histograms = new ArrayList<>();
    List<Exemplar> exemplars = new ArrayList<>();
    while (in.next()) {
      switch (in.field()) {
        case 1 -> valid &= label(labels, MAX_LABELS);
        case 2 -> {
          count();
          if (samples == times.length) {
            times = Arrays.copyOf(times, samples * 2);
            values = Arrays.copyOf(values, samples * 2);
          }
          int outer = in.enter();
          while (in.next()) {
            switch (in.field()) {
              case 1 -> values[samples] = in.real();
              case 2 -> times[samples] = in.number();
              default -> in.skip();
            }
          }
          in.leave(outer);
          samples++;
        }
        case 3 -> {
          count();
          Exemplar exemplar = exemplar();
          if (exemplar != null) {
            exemplars.add(exemplar);
          }
        }
        case 4 -> {
          count();
          int n = histograms.size();
          if (n == histogramTimes.length) {
            histogramTimes = Arrays.copyOf(histogramTimes, n * 2);
          }
          histograms.add(histogram(histogramTimes, n));
        }
        default -> in.skip();
      }
    }
    Labels set = null;
    try {
      set = valid ? Labels.of(labels) : null;
    } catch (IllegalArgumentException e) {
      // a duplicate name: invalid labels
    }
    consumer.series(
        set,
        Arrays.copyOf(times, samples),
        Arrays.copyOf(values, samples),
        Arrays.copyOf(histogramTimes, histograms.size()),
        histograms,
        exemplars);
  }

  /**
   * Reads a label and adds it; false when its name is empty, a string is not UTF-8 (replacement
   * characters could merge two series), or there are too many.
   */
  private boolean label(List<Label> labels, int most) throws Broken {
    @Nullable String name = "";
    @Nullable String value = "";
    int outer = in.enter();
    while (in.next()) {
      switch (in.field()) {
        case 1 -> name = in.textOrNull();
        case 2 -> value = in.textOrNull();
        default -> in.skip();
      }
    }
    in.leave(outer);
    if (name == null || value == null || name.isEmpty() || labels.size() >= most) {
      return false;
    }
    labels.add(new Label(name, value));
    return true;
  }

  /** Reads an exemplar; null when its labels are invalid. */
  private @Nullable Exemplar exemplar() throws Broken {
    List<Label> labels = new ArrayList<>();
    boolean valid = true;
    double value = 0;
    long time = 0;
    int outer = in.enter();
    while (in.next()) {
      switch (in.field()) {
        case 1 -> valid &= label(labels, MAX_EXEMPLAR_LABELS);
        case 2 -> value = in.real();
        case 3 -> time = in.number();
        default -> in.skip();
      }
    }
    in.leave(outer);
    try {
      return valid ? new Exemplar(Labels.of(labels), value, time, true) : null;
    } catch (IllegalArgumentException e) {
      return null;
    }
  }

  /** Reads a histogram and its time; integer counts and deltas become absolute floats. */
  private NativeHistogram histogram(long[] times, int index) throws MalformedException, Broken {
    NativeHistogram.Builder b = NativeHistogram.builder();
    double zeroThreshold = 0;
    double zeroCount = 0;
    boolean floats = false;
    positive.clear();
    negative.clear();
    bounds.clear();
    int outer = in.enter();
    while (in.next()) {
      switch (in.field()) {
        case 1 -> {
          b.count(ProtobufWire.unsigned(in.number()));
          floats = false;
        }
        case 2 -> {
          b.count(in.real());
          floats = true;
        }
        case 3 -> b.sum(in.real());
        case 4 -> b.schema((int) ProtobufWire.zigZag(in.number()));
        case 5 -> zeroThreshold = in.real();
        case 6 -> zeroCount = ProtobufWire.unsigned(in.number());
        case 7 -> zeroCount = in.real();
        case 8 -> negative.span(in);
        case 9 -> negative.deltas(in);
        case 10 -> negative.counts(in);
        case 11 -> positive.span(in);
        case 12 -> positive.deltas(in);
        case 13 -> positive.counts(in);
        case 14 -> b.resetHint(hint((int) in.number()));
        case 15 -> times[index] = in.number();
        case 16 -> bounds.reals(in);
        default -> in.skip();
      }
    }
    in.leave(outer);
    try {
      return b.zeroBucket(zeroThreshold, zeroCount)
          .positive(positive.spans(), positive.counts(floats))
          .negative(negative.spans(), negative.counts(floats))
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
}
