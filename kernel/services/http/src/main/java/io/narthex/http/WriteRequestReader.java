package io.narthex.http;

import io.narthex.exposition.ProtobufBuckets;
import io.narthex.exposition.ProtobufNumbers;
import io.narthex.exposition.ProtobufWire;
import io.narthex.exposition.ProtobufWire.Broken;
import io.narthex.exposition.thread.Courtesy;
import io.narthex.model.Exemplar;
import io.narthex.model.Labels;
import io.narthex.model.MetricMetadata;
import io.narthex.model.MetricType;
import io.narthex.model.NativeHistogram;
import io.narthex.model.go.GoString;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads a write request from protobuf's wire format, series by series, without building message
 * objects: {@code prometheus.WriteRequest} (remote write 1.0) or {@code
 * io.prometheus.write.v2.Request} (2.0). Fields this server has no use for are skipped.
 *
 * <p><b>Labels.</b> Those of a series are first its {@link #labelBytes()} only, where they are: a
 * series that is known needs no strings. They have the same form in both versions, the repeated
 * label message of 1.0; so a request of 2.0 whose few symbols are used by many series is bounded by
 * what it would have in 1.0.
 */
final class WriteRequestReader {
  /** The bytes are not a message of this type. */
  static final class MalformedException extends Exception {
    private static final long serialVersionUID = 1;

    MalformedException(String message) {
      super(message);
    }
  }

  /** Takes the content of a request. */
  interface Consumer {
    /** Takes a series: what the reader's accessors return, until this returns. */
    void series(WriteRequestReader series) throws MalformedException;

    /** Takes metadata of a family, which requests of 1.0 have apart from the series. */
    default void metadata(MetricMetadata metadata) {}
  }

  /** Most labels of a series; the storage takes no more either. */
  private static final int MAX_LABELS = 1 << 16;

  /** Labels of an exemplar have at most 128 characters together. */
  private static final int MAX_EXEMPLAR_LABELS = 128;

  /** Most symbols of a request. */
  private static final int MAX_SYMBOLS = 1 << 20;

  /** Most bytes of the labels and exemplars of a request of 2.0 when written out as in 1.0. */
  private static final int MAX_LABEL_BYTES = 32 << 20;

  /** Series between two yields to other virtual threads. */
  private static final int YIELD_EVERY = 512;

  private static final int LABEL_TAG = 1 << 3 | 2;
  private static final int VALUE_TAG = 2 << 3 | 2;

  /** Bytes of labels that an error message shows. */
  private static final int SHOWN = 1024;

  private final byte[] data;
  private final int length;
  private final boolean second;

  /** Samples, histograms and exemplars that are still allowed. */
  private int room;

  private int labelRoom = MAX_LABEL_BYTES;

  /** Where in the message the length of each symbol stands. */
  private int[] symbols = new int[0];

  private int symbolCount;

  /** Symbols as texts, once they are needed; null = not yet. */
  private @Nullable String[] texts = new String[0];

  // the current series, reused for the next one
  private ProtobufWire in;
  private int from;
  private int to;
  private byte[] labelBytes; // the message, or the copy
  private int labelsFrom;
  private int labelsTo;
  private int labelCount;
  private final ByteBuilder copy = new ByteBuilder(); // of labels that do not follow each other
  private int[] refs = new int[32];
  private int refCount;
  private String refsProblem = "";
  private int samples;
  private long[] times = new long[4];
  private double[] values = new double[4];
  private long[] starts = new long[4];
  private int histogramCount;
  private long[] histogramTimes = new long[1];
  private long[] histogramStarts = new long[1];
  private @Nullable NativeHistogram[] histograms = new NativeHistogram[1];
  private String histogramProblem = "";
  private final List<Exemplar> exemplars = new ArrayList<>();
  private String exemplarProblem = "";
  private long created;
  private boolean hasMetadata;
  private int type;
  private int help;
  private int unit;

  // reused between histograms
  private final ProtobufBuckets positive = new ProtobufBuckets();
  private final ProtobufBuckets negative = new ProtobufBuckets();
  private final ProtobufNumbers bounds = new ProtobufNumbers();

  /**
   * Creates a reader of the first {@code length} bytes of {@code data}.
   *
   * @param second whether the message is that of 2.0
   * @param maxRows most samples, histograms and exemplars together
   */
  WriteRequestReader(byte[] data, int length, boolean second, int maxRows) {
    this.data = data;
    this.length = length;
    this.second = second;
    room = maxRows;
    in = new ProtobufWire(data, 0, length);
    labelBytes = data;
  }

  private void count() throws MalformedException {
    if (--room < 0) {
      throw new MalformedException(
          "the request has more samples, histograms and exemplars than one may have; send less at once");
    }
  }

  /** Reads the whole request. */
  void read(Consumer consumer) throws MalformedException {
    try {
      if (second) {
        readSymbols();
      }
      in = new ProtobufWire(data, 0, length);
      int seriesField = second ? 5 : 1;
      int series = 0;
      Courtesy courtesy = new Courtesy();
      while (in.next()) {
        if (++series % YIELD_EVERY == 0) {
          courtesy.giveWay();
        }
        if (in.field() == seriesField) {
          int outer = in.enter();
          from = in.position();
          readSeries();
          in.leave(outer);
          to = in.position();
          consumer.series(this);
        } else if (in.field() == 3 && !second) {
          MetricMetadata found = family();
          if (found != null) {
            consumer.metadata(found);
          }
        } else {
          in.skip();
        }
      }
    } catch (Broken e) {
      throw new MalformedException(e.getMessage() + " at byte " + in.position());
    }
  }

  /** Series may stand before the symbols they use. */
  private void readSymbols() throws Broken, MalformedException {
    while (in.next()) {
      if (in.field() != 4) {
        in.skip();
        continue;
      }
      if (symbolCount == symbols.length) {
        if (symbolCount >= MAX_SYMBOLS) {
          throw new MalformedException(
              "the request has more than " + MAX_SYMBOLS + " symbols; send less at once");
        }
        symbols = Arrays.copyOf(symbols, Math.max(256, symbolCount * 2));
      }
      symbols[symbolCount++] = in.position();
      int outer = in.enter();
      in.leave(outer);
    }
    texts = new String[symbolCount];
  }

  // ---- symbols -------------------------------------------------------------------------------

  private int symbolLength(int ref) {
    int n = 0;
    int at = symbols[ref];
    for (int shift = 0; ; shift += 7) { // was read before: it ends within the message
      byte x = data[at++];
      n |= (x & 0x7f) << shift;
      if (x >= 0) {
        return n;
      }
    }
  }

  private int symbolStart(int ref) {
    int at = symbols[ref];
    while (data[at] < 0) {
      at++;
    }
    return at + 1;
  }

  /** Returns a symbol as text, or null when it is not UTF-8. */
  private @Nullable String symbol(int ref) {
    String text = texts[ref];
    if (text == null) {
      int start = symbolStart(ref);
      text = utf8(data, start, start + symbolLength(ref));
      texts[ref] = text;
    }
    return text;
  }

  private static @Nullable String utf8(byte[] b, int start, int end) {
    String text = new String(b, start, end - start, StandardCharsets.UTF_8);
    return text.indexOf('\uFFFD') < 0 || ProtobufWire.isUtf8(b, start, end) ? text : null;
  }

  private boolean isSymbol(int ref) {
    return ref >= 0 && ref < symbolCount;
  }

  private int[] readRefs(int[] into, int already) throws Broken {
    int[] all = into;
    int n = already;
    int outer = in.isPacked() ? in.enter() : -1;
    do {
      if (outer >= 0 && !in.more()) {
        break;
      }
      long ref = outer >= 0 ? in.varint() : in.number();
      if (n == all.length) {
        all = Arrays.copyOf(all, n * 2);
      }
      all[n++] = ref < 0 || ref > Integer.MAX_VALUE ? Integer.MAX_VALUE : (int) ref;
    } while (outer >= 0);
    if (outer >= 0) {
      in.leave(outer);
    }
    read = n;
    return all;
  }

  private int read; // second result of readRefs

  /** Returns what is wrong with pairs of references, as the original does, or the empty string. */
  private String problemOf(int[] pairs, int n) {
    if (n % 2 != 0) {
      return "invalid labelRefs length " + n;
    }
    for (int i = 0; i < n; i += 2) {
      if (!isSymbol(pairs[i]) || !isSymbol(pairs[i + 1])) {
        return "labelRefs "
            + pairs[i]
            + " (name) = "
            + pairs[i + 1]
            + " (value) outside of symbols table (size "
            + symbolCount
            + ")";
      }
    }
    return "";
  }

  private void spend(long bytes) throws MalformedException {
    if (bytes > labelRoom) {
      throw new MalformedException(
          "the labels of the request have more than "
              + MAX_LABEL_BYTES
              + " bytes when written out; send less at once");
    }
    labelRoom -= (int) bytes;
  }

  // ---- series --------------------------------------------------------------------------------

  private void clear() {
    clearLabels();
    samples = 0;
    Arrays.fill(histograms, 0, histogramCount, null);
    histogramCount = 0;
    histogramProblem = "";
    exemplars.clear();
    exemplarProblem = "";
    created = 0;
    hasMetadata = false;
    type = 0;
    help = 0;
    unit = 0;
  }

  private void clearLabels() {
    labelBytes = data;
    labelsFrom = 0;
    labelsTo = 0;
    labelCount = 0;
    refCount = 0;
    refsProblem = "";
  }

  private void readSeries() throws MalformedException, Broken {
    clear();
    for (int at = in.position(); in.next(); at = in.position()) {
      int field = in.field();
      if (second && (field == 3 || field == 4)) {
        field = 7 - field; // exemplars and histograms have changed places
      }
      switch (field) {
        case 1 -> readLabel(at);
        case 2 -> readSample();
        case 3 -> readExemplar();
        case 4 -> readHistogram();
        case 5 -> readMetadata();
        case 6 -> {
          if (second) {
            created = in.number();
          } else {
            in.skip();
          }
        }
        default -> in.skip();
      }
    }
    if (second) {
      writeLabels();
      for (int i = 0; created != 0 && i < samples; i++) {
        starts[i] = starts[i] == 0 ? created : starts[i];
      }
      for (int i = 0; created != 0 && i < histogramCount; i++) {
        histogramStarts[i] = histogramStarts[i] == 0 ? created : histogramStarts[i];
      }
    }
  }

  /**
   * Reads a label of 1.0, or references to the names and values of labels of 2.0.
   *
   * @param at where the field begins
   */
  private void readLabel(int at) throws Broken {
    if (second) {
      refs = readRefs(refs, refCount);
      refCount = read;
      return;
    }
    int outer = in.enter();
    in.leave(outer);
    if (labelCount++ == 0) {
      labelsFrom = at;
      labelsTo = at;
    } else if (labelBytes != data || at != labelsTo) {
      copyLabels(at, in.position());
      return;
    }
    labelsTo = in.position();
  }

  /** Adds a label that does not follow the one before it. */
  private void copyLabels(int at, int end) {
    if (labelBytes == data) {
      copy.clear();
      copy.add(data, labelsFrom, labelsTo);
    }
    copy.add(data, at, end);
    useCopy();
  }

  private void useCopy() {
    labelBytes = copy.bytes();
    labelsFrom = 0;
    labelsTo = copy.size();
  }

  /** Writes the labels of 2.0 in the form of 1.0. */
  private void writeLabels() throws MalformedException {
    refsProblem =
        refCount > 2 * MAX_LABELS // what is refused is not worth to be written out
            ? "at most " + MAX_LABELS + " labels, got " + refCount / 2
            : problemOf(refs, refCount);
    if (!refsProblem.isEmpty()) {
      return;
    }
    copy.clear();
    for (int i = 0; i < refCount; i += 2) {
      int name = symbolLength(refs[i]);
      int value = symbolLength(refs[i + 1]);
      int body = 2 + ByteBuilder.sizeOf(name) + name + ByteBuilder.sizeOf(value) + value;
      spend(body);
      copy.add(LABEL_TAG);
      copy.varint(body);
      copy.add(LABEL_TAG);
      copy.varint(name);
      copy.add(data, symbolStart(refs[i]), symbolStart(refs[i]) + name);
      copy.add(VALUE_TAG);
      copy.varint(value);
      copy.add(data, symbolStart(refs[i + 1]), symbolStart(refs[i + 1]) + value);
    }
    useCopy();
    labelCount = refCount / 2;
  }

  private void readSample() throws MalformedException, Broken {
    count();
    if (samples == times.length) {
      times = Arrays.copyOf(times, samples * 2);
      values = Arrays.copyOf(values, samples * 2);
      starts = Arrays.copyOf(starts, samples * 2);
    }
    times[samples] = 0;
    values[samples] = 0;
    starts[samples] = 0;
    int outer = in.enter();
    while (in.next()) {
      switch (in.field()) {
        case 1 -> values[samples] = in.real();
        case 2 -> times[samples] = in.number();
        case 3 -> {
          if (second) {
            starts[samples] = in.number();
          } else {
            in.skip();
          }
        }
        default -> in.skip();
      }
    }
    in.leave(outer);
    samples++;
  }

  private void readExemplar() throws MalformedException, Broken {
    count();
    String[] pairs = new String[16];
    int[] own = new int[8];
    int n = 0;
    boolean valid = true;
    double value = 0;
    long time = 0;
    int outer = in.enter();
    while (in.next()) {
      switch (in.field()) {
        case 1 -> {
          if (second) {
            own = readRefs(own, n);
            n = read;
            break;
          }
          valid &= n < 2 * MAX_EXEMPLAR_LABELS;
          if (n == pairs.length) {
            pairs = Arrays.copyOf(pairs, n * 2);
          }
          valid &= readPair(in, pairs, n);
          n = valid ? n + 2 : n;
        }
        case 2 -> value = in.real();
        case 3 -> time = in.number();
        default -> in.skip();
      }
    }
    in.leave(outer);
    if (second) {
      String problem = problemOf(own, n);
      if (!problem.isEmpty()) {
        exemplarProblem = problem;
        return;
      }
      valid = n <= 2 * MAX_EXEMPLAR_LABELS;
      pairs = Arrays.copyOf(pairs, Math.max(n, 1));
      for (int i = 0; valid && i < n; i++) {
        spend(symbolLength(own[i]));
        String text = symbol(own[i]);
        valid = text != null && (i % 2 == 1 || !text.isEmpty());
        pairs[i] = text == null ? "" : text;
      }
    }
    if (valid) {
      try {
        exemplars.add(new Exemplar(Labels.of(Arrays.copyOf(pairs, n)), value, time, true));
      } catch (IllegalArgumentException e) {
        // a duplicate name: invalid labels
      }
    }
  }

  /** Reads a label; false when its name is empty or a string is not UTF-8. */
  private static boolean readPair(ProtobufWire in, String[] pairs, int at) throws Broken {
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
    if (name == null || value == null || name.isEmpty()) {
      return false; // replacement characters could merge two series
    }
    pairs[at] = name;
    pairs[at + 1] = value;
    return true;
  }

  /** Reads a histogram and its time; integer counts and deltas become absolute floats. */
  private void readHistogram() throws MalformedException, Broken {
    count();
    int n = histogramCount;
    if (n == histogramTimes.length) {
      histogramTimes = Arrays.copyOf(histogramTimes, n * 2);
      histogramStarts = Arrays.copyOf(histogramStarts, n * 2);
      histograms = Arrays.copyOf(histograms, n * 2);
    }
    histogramTimes[n] = 0;
    histogramStarts[n] = 0;
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
        case 15 -> histogramTimes[n] = in.number();
        case 16 -> bounds.reals(in);
        case 17 -> {
          if (second) {
            histogramStarts[n] = in.number();
          } else {
            in.skip();
          }
        }
        default -> in.skip();
      }
    }
    in.leave(outer);
    try {
      NativeHistogram h =
          b.zeroBucket(zeroThreshold, zeroCount)
              .positive(positive.spans(), positive.counts(floats))
              .negative(negative.spans(), negative.counts(floats))
              .customBounds(bounds.toArray())
              .build();
      histograms[n] = WrittenHistogram.stored(h, floats);
    } catch (IllegalArgumentException e) {
      if (!second) {
        throw new MalformedException(String.valueOf(e.getMessage()));
      }
      histogramProblem = String.valueOf(e.getMessage());
      histograms[n] = null;
    }
    histogramCount++;
  }

  private static NativeHistogram.ResetHint hint(int number) {
    return switch (number) {
      case 1 -> NativeHistogram.ResetHint.RESET;
      case 2 -> NativeHistogram.ResetHint.NOT_RESET;
      case 3 -> NativeHistogram.ResetHint.GAUGE;
      default -> NativeHistogram.ResetHint.UNKNOWN;
    };
  }

  // ---- metadata ------------------------------------------------------------------------------

  /** Reads the metadata of a series of 2.0. */
  private void readMetadata() throws Broken {
    if (!second) {
      in.skip();
      return;
    }
    hasMetadata = true;
    int outer = in.enter();
    while (in.next()) {
      switch (in.field()) {
        case 1 -> type = (int) in.number();
        case 3 -> help = (int) in.number();
        case 4 -> unit = (int) in.number();
        default -> in.skip();
      }
    }
    in.leave(outer);
  }

  /** Reads the metadata of a family of 1.0; null when a text is not UTF-8. */
  private @Nullable MetricMetadata family() throws Broken {
    int kind = 0;
    @Nullable String name = "";
    @Nullable String text = "";
    @Nullable String base = "";
    int outer = in.enter();
    while (in.next()) {
      switch (in.field()) {
        case 1 -> kind = (int) in.number();
        case 2 -> name = in.textOrNull();
        case 4 -> text = in.textOrNull();
        case 5 -> base = in.textOrNull();
        default -> in.skip();
      }
    }
    in.leave(outer);
    return name == null || name.isEmpty() || text == null || base == null
        ? null
        : new MetricMetadata(name, typeOf(kind), text, base);
  }

  /** Both versions number the types as they are declared here. */
  private static MetricType typeOf(int number) {
    MetricType[] types = MetricType.values();
    return number > 0 && number < types.length ? types[number] : MetricType.UNKNOWN;
  }

  // ---- the current series --------------------------------------------------------------------

  /** Returns where in the message the series begins, for {@link #again}. */
  int from() {
    return from;
  }

  /** Returns where in the message it ends. */
  int to() {
    return to;
  }

  /** Reads the labels, and no more, of a series once more. */
  void again(int seriesFrom, int seriesTo) throws MalformedException {
    clearLabels();
    in = new ProtobufWire(data, seriesFrom, seriesTo);
    try {
      for (int at = in.position(); in.next(); at = in.position()) {
        if (in.field() == 1) {
          readLabel(at);
        } else {
          in.skip();
        }
      }
    } catch (Broken e) {
      throw new MalformedException(e.getMessage() + " at byte " + in.position());
    }
    if (second) {
      labelRoom = MAX_LABEL_BYTES; // it had room before
      writeLabels();
    }
  }

  /** Returns an array that has the labels: the same bytes in each request with this series. */
  byte[] labelBytes() {
    return labelBytes;
  }

  /** Returns where the labels begin. */
  int labelsFrom() {
    return labelsFrom;
  }

  /** Returns how many bytes the labels have. */
  int labelsLength() {
    return labelsTo - labelsFrom;
  }

  /**
   * Returns the labels, or null when they are invalid: an empty or duplicate name, invalid UTF-8,
   * more labels than a series may have, a symbol that there is not.
   */
  @Nullable Labels labels() throws MalformedException {
    if (!refsProblem.isEmpty() || labelCount > MAX_LABELS) {
      return null;
    }
    if (second) {
      return labelsOfSymbols();
    }
    String[] pairs = new String[2 * labelCount];
    ProtobufWire wire = new ProtobufWire(labelBytes, labelsFrom, labelsTo);
    boolean valid = true;
    try {
      for (int i = 0; wire.next(); i += 2) {
        pairs[i] = "";
        pairs[i + 1] = "";
        valid &= readPair(wire, pairs, i);
      }
      return valid ? Labels.of(pairs) : null;
    } catch (Broken e) {
      throw new MalformedException(e.getMessage() + " in the series at byte " + from);
    } catch (IllegalArgumentException e) {
      return null; // a duplicate name
    }
  }

  /** As {@link #labels()}; series share the texts of a request. */
  private @Nullable Labels labelsOfSymbols() {
    String[] pairs = new String[refCount];
    for (int i = 0; i < refCount; i++) {
      String text = symbol(refs[i]);
      if (text == null || (i % 2 == 0 && text.isEmpty())) {
        return null;
      }
      pairs[i] = text;
    }
    try {
      return Labels.of(pairs);
    } catch (IllegalArgumentException e) {
      return null; // a duplicate name
    }
  }

  /** Returns what is wrong with labels that are invalid or have no metric name. */
  String labelsProblem() throws MalformedException {
    if (!refsProblem.isEmpty()) {
      return "parsing labels for series " + shownRefs() + ": " + refsProblem;
    }
    if (labelCount > MAX_LABELS) {
      return "invalid labels for series: at most " + MAX_LABELS + " labels, got " + labelCount;
    }
    StringBuilder shown = new StringBuilder("{");
    Set<String> names = new HashSet<>();
    String twice = "";
    boolean valid = true;
    ProtobufWire wire = new ProtobufWire(labelBytes, labelsFrom, labelsTo);
    String[] pair = new String[2];
    try {
      while (wire.next()) {
        boolean good = readPair(wire, pair, 0);
        valid &= good;
        if (good && !names.add(pair[0])) {
          twice = pair[0];
        }
        if (good && shown.length() < SHOWN) {
          shown.append(shown.length() > 1 ? ", " : "");
          if (Labels.isLegacyName(pair[0])) {
            shown.append(pair[0]);
          } else {
            GoString.appendQuoted(shown, pair[0]);
          }
          GoString.appendQuoted(shown.append('='), pair[1]);
        }
      }
    } catch (Broken e) {
      throw new MalformedException(e.getMessage() + " in the series at byte " + from);
    }
    String all = shown.append('}').toString();
    return !valid || !names.contains(Labels.METRIC_NAME) || twice.isEmpty()
        ? "invalid metric name or labels, got " + all
        : "invalid labels for series, labels " + all + ", duplicated label " + twice;
  }

  private String shownRefs() {
    StringBuilder shown = new StringBuilder("[");
    for (int i = 0; i < refCount && shown.length() < SHOWN; i++) {
      shown.append(i > 0 ? " " : "").append(refs[i]);
    }
    return shown.append(']').toString();
  }

  /** Returns the number of float samples. */
  int samples() {
    return samples;
  }

  /** Returns the time of a sample in epoch milliseconds. */
  long timeMs(int sample) {
    return times[sample];
  }

  /** Returns the value of a sample. */
  double value(int sample) {
    return values[sample];
  }

  /** Returns the start time of a sample in epoch milliseconds; 0 = not known. */
  long startMs(int sample) {
    return starts[sample];
  }

  /** Returns the number of histograms. */
  int histograms() {
    return histogramCount;
  }

  /** Returns the time of a histogram in epoch milliseconds. */
  long histogramTimeMs(int index) {
    return histogramTimes[index];
  }

  /** Returns the start time of a histogram in epoch milliseconds; 0 = not known. */
  long histogramStartMs(int index) {
    return histogramStarts[index];
  }

  /** Returns a histogram, or null when it is inconsistent, see {@link #histogramProblem()}. */
  @Nullable NativeHistogram histogram(int index) {
    return histograms[index];
  }

  /** Returns what is wrong with a histogram of 2.0, or the empty string. */
  String histogramProblem() {
    return histogramProblem;
  }

  /** Returns the exemplars, which are in no order. */
  List<Exemplar> exemplars() {
    return exemplars;
  }

  /** Returns what is wrong with an exemplar that was left out, or the empty string. */
  String exemplarProblem() {
    return exemplarProblem;
  }

  /** Returns a number that is the same for the same metadata; 0 when the series has none. */
  int metadataHash() {
    if (!hasMetadata || type == 0 && help == 0 && unit == 0) {
      return 0;
    }
    int h = 31 * type + 7;
    for (int ref : new int[] {help, unit}) {
      int start = isSymbol(ref) ? symbolStart(ref) : 0;
      int end = isSymbol(ref) ? start + symbolLength(ref) : 0;
      for (int i = start; i < end; i++) {
        h = 31 * h + data[i];
      }
      h = 31 * h + 1;
    }
    return h == 0 ? 1 : h;
  }

  /** Returns the metadata of the series' family; null when a text is not UTF-8. */
  @Nullable MetricMetadata metadata(String metric) {
    String text = isSymbol(help) ? symbol(help) : "";
    String base = isSymbol(unit) ? symbol(unit) : "";
    MetricType kind = typeOf(type);
    return text == null || base == null
        ? null
        : new MetricMetadata(family(metric, kind), kind, text, base);
  }

  /** Returns the family of a series: those of a distribution have suffixes. */
  private static String family(String metric, MetricType kind) {
    List<String> suffixes =
        switch (kind) {
          case HISTOGRAM -> List.of("_bucket", "_count", "_sum");
          case GAUGEHISTOGRAM -> List.of("_bucket", "_gcount", "_gsum");
          case SUMMARY -> List.of("_count", "_sum");
          default -> List.of();
        };
    for (String suffix : suffixes) {
      if (metric.endsWith(suffix) && metric.length() > suffix.length()) {
        return metric.substring(0, metric.length() - suffix.length());
      }
    }
    return metric;
  }
}
