package io.narthex.exposition;

import io.narthex.model.Exemplar;
import io.narthex.model.Labels;
import io.narthex.model.MetricType;
import io.narthex.model.NativeHistogram;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads a stream of length-delimited {@code io.prometheus.client.MetricFamily} messages. Each
 * metric of a family is unfolded into the series that the text formats would have, except native
 * histograms.
 */
final class ProtobufParser extends ExpositionParser {
  private static final byte[] NONE = new byte[0];
  private static final ProtobufHistogram NO_HISTOGRAM = new ProtobufHistogram(); // never written

  private static final long KEY_BYTES = 64 << 20;
  private static final int KEY_FACTOR = 64;

  /** What a metric unfolds into. */
  private enum Part {
    VALUE,
    NATIVE,
    COUNT,
    SUM,
    QUANTILE,
    BUCKET,
    INF_BUCKET
  }

  private final ParserOptions options;
  private byte[] b = NONE;
  private int length;
  private int at;

  // the current family
  private String name = "";
  private String help = "";
  private String unit = "";
  private MetricType type = MetricType.UNKNOWN;
  private final Ints metrics = new Ints(); // start, end, …
  private int metric;
  private Entry pendingMeta = Entry.COMMENT; // COMMENT = no metadata left to report

  // the current metric
  private final Ints labelPairs = new Ints();
  private boolean hasTimestamp;
  private long timestampMs;
  private double value;
  private long startMs;
  private ProtobufHistogram histogram = NO_HISTOGRAM;
  private final List<double[]> quantiles = new ArrayList<>();
  private double summaryCount;
  private double summarySum;
  private int @Nullable [] counterExemplar;
  private final List<Part> parts = new ArrayList<>();
  private int part;
  private int partIndex;

  // the current entry
  private String suffix = "";
  private String extraName = "";
  private String extraValue = "";
  private double entryValue;
  private byte[] key = new byte[256];
  private int keyLength;

  /** Bytes that series texts may still take: labels are repeated for each bucket. */
  private long keyBudget;

  private final Ints exemplars = new Ints();
  private String text = "";

  ProtobufParser(ParserOptions options) {
    this.options = options;
  }

  @Override
  public void reset(byte[] data, int newLength) {
    b = data;
    length = newLength;
    at = 0;
    keyBudget = KEY_BYTES + (long) KEY_FACTOR * newLength;
    metrics.clear();
    metric = 0;
    parts.clear();
    part = 0;
    pendingMeta = Entry.COMMENT;
  }

  @Override
  public Entry next() throws ExpositionException {
    exemplars.clear();
    try {
      while (true) {
        switch (pendingMeta) {
          case HELP -> {
            pendingMeta = unit.isEmpty() ? Entry.TYPE : Entry.UNIT;
            return meta(Entry.HELP, help);
          }
          case UNIT -> {
            pendingMeta = Entry.TYPE;
            return meta(Entry.UNIT, unit);
          }
          case TYPE -> {
            pendingMeta = Entry.COMMENT;
            return meta(Entry.TYPE, type.text());
          }
          case COMMENT, SERIES, HISTOGRAM, END -> {
            // continue with the samples
          }
        }
        if (part < parts.size()) {
          return sample();
        }
        if (metric < metrics.size()) {
          readMetric(metrics.get(metric), metrics.get(metric + 1));
          metric += 2;
          continue;
        }
        if (at >= length) {
          return Entry.END;
        }
        readFamily();
      }
    } catch (ProtobufWire.Broken e) {
      throw new ExpositionException("protobuf: " + e.getMessage());
    }
  }

  private Entry meta(Entry entry, String content) {
    text = content;
    keyLength = 0;
    keyText(entry.name());
    keyText(name);
    keyText(content);
    return entry;
  }

  private void readFamily() throws ProtobufWire.Broken, ExpositionException {
    ProtobufWire w = new ProtobufWire(b, at, length);
    long size = w.varint();
    if (size < 0 || size > length - w.at) {
      throw new ExpositionException("unexpected EOF");
    }
    int end = w.at + (int) size;
    at = end;
    name = "";
    help = "";
    unit = "";
    type = MetricType.COUNTER;
    metrics.clear();
    metric = 0;
    parts.clear();
    part = 0;
    w.end = end;
    while (w.next()) {
      switch (w.field) {
        case 1 -> name = w.text();
        case 2 -> help = w.text();
        case 3 ->
            type =
                switch ((int) w.number()) {
                  case 0 -> MetricType.COUNTER;
                  case 1 -> MetricType.GAUGE;
                  case 2 -> MetricType.SUMMARY;
                  case 4 -> MetricType.HISTOGRAM;
                  case 5 -> MetricType.GAUGEHISTOGRAM;
                  default -> MetricType.UNKNOWN;
                };
        case 4 -> metrics.add(w.range());
        case 5 -> unit = w.text();
        default -> w.skip();
      }
    }
    if (name.isEmpty()) {
      throw new ExpositionException("metric family without name");
    }
    pendingMeta = metrics.size() == 0 ? Entry.COMMENT : Entry.HELP;
  }

  private void readMetric(int from, int to) throws ProtobufWire.Broken, ExpositionException {
    labelPairs.clear();
    parts.clear();
    part = 0;
    partIndex = 0;
    hasTimestamp = false;
    timestampMs = 0;
    startMs = 0;
    value = 0;
    counterExemplar = null;
    quantiles.clear();
    histogram = NO_HISTOGRAM;
    boolean found = false;
    ProtobufWire w = new ProtobufWire(b, from, to);
    while (w.next()) {
      switch (w.field) {
        case 1 -> labelPairs.add(w.range());
        case 2, 3, 5 -> {
          found = true;
          readValue(w.range());
        }
        case 4 -> {
          found = true;
          readSummary(w.range());
        }
        case 6 -> {
          timestampMs = w.number();
          hasTimestamp = timestampMs != 0;
        }
        case 7 -> {
          found = true;
          int[] r = w.range();
          if (histogram == NO_HISTOGRAM) {
            histogram = new ProtobufHistogram();
          }
          histogram.read(b, r[0], r[1]);
          startMs = histogram.startMs;
        }
        default -> w.skip();
      }
    }
    if (!found) {
      throw new ExpositionException("metric of family " + Excerpt.quote(name) + " has no value");
    }
    switch (type) {
      case SUMMARY -> {
        parts.add(Part.COUNT);
        parts.add(Part.SUM);
        quantiles.forEach(_ -> parts.add(Part.QUANTILE));
      }
      case HISTOGRAM, GAUGEHISTOGRAM -> {
        boolean asNative = !options.ignoreNative() && histogram.isNative();
        if (asNative) {
          parts.add(Part.NATIVE);
        }
        if (!asNative || (options.keepClassic() && histogram.bucketCount > 0)) {
          parts.add(Part.COUNT);
          parts.add(Part.SUM);
          boolean inf = false;
          for (int i = 0; i < histogram.bucketCount; i++) {
            parts.add(Part.BUCKET);
            inf |= histogram.bounds[i] == Double.POSITIVE_INFINITY;
          }
          if (!inf) {
            parts.add(Part.INF_BUCKET);
          }
        }
      }
      case COUNTER, GAUGE, UNKNOWN, INFO, STATESET -> parts.add(Part.VALUE);
    }
  }

  private void readValue(int[] range) throws ProtobufWire.Broken {
    ProtobufWire w = new ProtobufWire(b, range[0], range[1]);
    while (w.next()) {
      switch (w.field) {
        case 1 -> value = w.real();
        case 2 -> counterExemplar = w.range();
        case 3 -> startMs = ProtobufHistogram.timestamp(b, w.range());
        default -> w.skip();
      }
    }
  }

  private void readSummary(int[] range) throws ProtobufWire.Broken {
    summaryCount = 0;
    summarySum = 0;
    ProtobufWire w = new ProtobufWire(b, range[0], range[1]);
    while (w.next()) {
      switch (w.field) {
        case 1 -> summaryCount = ProtobufWire.unsigned(w.number());
        case 2 -> summarySum = w.real();
        case 3 -> {
          int[] r = w.range();
          double[] q = new double[2];
          ProtobufWire inner = new ProtobufWire(b, r[0], r[1]);
          while (inner.next()) {
            if (inner.field == 1 || inner.field == 2) {
              q[inner.field - 1] = inner.real();
            } else {
              inner.skip();
            }
          }
          if (quantiles.size() >= ProtobufBuckets.MAX_PARTS) {
            throw new ProtobufWire.Broken("summary has too many quantiles");
          }
          quantiles.add(q);
        }
        case 4 -> startMs = ProtobufHistogram.timestamp(b, w.range());
        default -> w.skip();
      }
    }
  }

  private Entry sample() throws ExpositionException {
    Part p = parts.get(part++);
    suffix = "";
    extraName = "";
    extraValue = "";
    boolean summary = type == MetricType.SUMMARY;
    switch (p) {
      case VALUE -> {
        entryValue = value;
        if (counterExemplar != null && type == MetricType.COUNTER) {
          exemplars.add(counterExemplar);
        }
      }
      case NATIVE -> nativeExemplars();
      case COUNT -> {
        suffix = "_count";
        entryValue = summary ? summaryCount : histogram.classicCount();
      }
      case SUM -> {
        suffix = "_sum";
        entryValue = summary ? summarySum : histogram.sum;
      }
      case QUANTILE -> {
        double[] q = quantiles.get(partIndex++);
        extraName = "quantile";
        extraValue = TextParser.bound(q[0]);
        entryValue = q[1];
      }
      case BUCKET -> {
        int i = partIndex++;
        suffix = "_bucket";
        extraName = "le";
        extraValue = TextParser.bound(histogram.bounds[i]);
        entryValue = histogram.cumulative[i];
        int[] x = histogram.bucketExemplars[i];
        if (x != null) {
          exemplars.add(x);
        }
      }
      case INF_BUCKET -> {
        suffix = "_bucket";
        extraName = "le";
        extraValue = "+Inf";
        entryValue = histogram.classicCount();
      }
    }
    if (Double.isNaN(entryValue)) {
      entryValue = TextParser.NORMAL_NAN;
    }
    keyLength = 0;
    keyText(name);
    keyText(suffix);
    keyText(extraValue);
    for (int i = 0; i < labelPairs.size(); i += 2) {
      keyBytes(labelPairs.get(i), labelPairs.get(i + 1));
    }
    keyBudget -= keyLength;
    if (keyBudget < 0) {
      throw new ExpositionException(
          "metric family "
              + Excerpt.quote(name)
              + " unfolds into too much text: many buckets under long labels");
    }
    return p == Part.NATIVE ? Entry.HISTOGRAM : Entry.SERIES;
  }

  /** Exemplars of native histograms need a time. */
  private void nativeExemplars() {
    Ints own = histogram.exemplars;
    if (own.size() == 0) {
      for (int i = 0; i < histogram.bucketCount; i++) {
        int[] x = histogram.bucketExemplars[i];
        if (x != null && hasTime(x)) {
          exemplars.add(x);
        }
      }
      return;
    }
    for (int i = 0; i < own.size(); i += 2) {
      int[] x = {own.get(i), own.get(i + 1)};
      if (hasTime(x)) {
        exemplars.add(x);
      }
    }
  }

  private boolean hasTime(int[] range) {
    try {
      ProtobufWire w = new ProtobufWire(b, range[0], range[1]);
      while (w.next()) {
        if (w.field == 3) {
          return true;
        }
        w.skip();
      }
    } catch (ProtobufWire.Broken _) {
      return false;
    }
    return false;
  }

  private void keyText(String s) {
    byte[] bytes = s.getBytes(StandardCharsets.UTF_8);
    keyRoom(bytes.length + 1);
    System.arraycopy(bytes, 0, key, keyLength, bytes.length);
    keyLength += bytes.length;
    key[keyLength++] = 0;
  }

  private void keyBytes(int from, int to) {
    keyRoom(to - from + 1);
    System.arraycopy(b, from, key, keyLength, to - from);
    keyLength += to - from;
    key[keyLength++] = 0;
  }

  private void keyRoom(int n) {
    if (keyLength + n > key.length) {
      key = Arrays.copyOf(key, Math.max(key.length * 2, keyLength + n));
    }
  }

  @Override
  public byte[] seriesBytes() {
    return key;
  }

  @Override
  public int seriesStart() {
    return 0;
  }

  @Override
  public int seriesEnd() {
    return keyLength;
  }

  @Override
  public Labels labels() throws ExpositionException {
    List<String> pairs = new ArrayList<>();
    pairs.add(Labels.METRIC_NAME);
    pairs.add(name + suffix);
    try {
      boolean typed = options.typeAndUnitLabels();
      addPairs(pairs, labelPairs, typed);
      if (!extraName.isEmpty()) {
        pairs.add(extraName);
        pairs.add(extraValue);
      }
      if (typed && type != MetricType.UNKNOWN) {
        pairs.add("__type__");
        pairs.add(type.text());
      }
      if (typed && !unit.isEmpty()) {
        pairs.add("__unit__");
        pairs.add(unit);
      }
      return Labels.of(pairs.toArray(String[]::new));
    } catch (ProtobufWire.Broken e) {
      throw new ExpositionException("protobuf: " + e.getMessage());
    } catch (IllegalArgumentException e) {
      throw new ExpositionException("label name occurs twice in metric " + Excerpt.quote(name));
    }
  }

  @Override
  public boolean hasEmptyLabel(String wanted) throws ExpositionException {
    List<String> pairs = new ArrayList<>();
    try {
      addPairs(pairs, labelPairs, false);
    } catch (ProtobufWire.Broken e) {
      throw new ExpositionException("protobuf: " + e.getMessage());
    }
    for (int i = 0; i < pairs.size(); i += 2) {
      if (pairs.get(i).equals(wanted) && pairs.get(i + 1).isEmpty()) {
        return true;
      }
    }
    return false;
  }

  private void addPairs(List<String> pairs, Ints ranges, boolean typed) throws ProtobufWire.Broken {
    for (int i = 0; i < ranges.size(); i += 2) {
      String n = "";
      String v = "";
      ProtobufWire w = new ProtobufWire(b, ranges.get(i), ranges.get(i + 1));
      while (w.next()) {
        if (w.field == 1) {
          n = w.text();
        } else if (w.field == 2) {
          v = w.text();
        } else {
          w.skip();
        }
      }
      boolean replaced =
          typed
              && ((n.equals("__type__") && type != MetricType.UNKNOWN)
                  || (n.equals("__unit__") && !unit.isEmpty()));
      if (!replaced) {
        pairs.add(n);
        pairs.add(v);
      }
    }
  }

  @Override
  public double value() {
    return entryValue;
  }

  @Override
  public NativeHistogram histogram() throws ExpositionException {
    try {
      return histogram.toModel(type == MetricType.GAUGEHISTOGRAM);
    } catch (IllegalArgumentException e) {
      throw new ExpositionException("histogram " + Excerpt.quote(name) + ": " + e.getMessage());
    }
  }

  @Override
  public boolean hasTimestamp() {
    return hasTimestamp;
  }

  @Override
  public long timestampMs() {
    return timestampMs;
  }

  @Override
  public long startTimestampMs() {
    return startMs;
  }

  @Override
  public int exemplarCount() {
    return exemplars.size() / 2;
  }

  @Override
  public Exemplar exemplar(int index) throws ExpositionException {
    Ints ranges = new Ints();
    double v = 0;
    long ms = 0;
    boolean timed = false;
    try {
      ProtobufWire w = new ProtobufWire(b, exemplars.get(2 * index), exemplars.get(2 * index + 1));
      while (w.next()) {
        switch (w.field) {
          case 1 -> ranges.add(w.range());
          case 2 -> v = w.real();
          case 3 -> {
            ms = ProtobufHistogram.timestamp(b, w.range());
            timed = true;
          }
          default -> w.skip();
        }
      }
      List<String> pairs = new ArrayList<>();
      addPairs(pairs, ranges, false);
      return new Exemplar(Labels.of(pairs.toArray(String[]::new)), v, ms, timed);
    } catch (ProtobufWire.Broken e) {
      throw new ExpositionException("protobuf: " + e.getMessage());
    } catch (IllegalArgumentException e) {
      throw new ExpositionException("label name occurs twice in an exemplar");
    }
  }

  @Override
  public String metadataName() {
    return name;
  }

  @Override
  public String metadataText() {
    return text;
  }

  @Override
  public MetricType type() {
    return type;
  }
}
