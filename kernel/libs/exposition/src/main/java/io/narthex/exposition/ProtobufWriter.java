package io.narthex.exposition;

import io.narthex.model.Exemplar;
import io.narthex.model.Labels;
import io.narthex.model.MetricMetadata;
import io.narthex.model.MetricType;
import io.narthex.model.NativeHistogram;
import io.narthex.model.NativeHistogram.ResetHint;
import io.narthex.relabel.NameScheme;
import io.narthex.spi.exporter.MetricSink;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Writes metrics as delimited {@code io.prometheus.client.MetricFamily} messages, including native
 * histograms and exemplars, into a growing array that {@link #reset} reuses. Not thread-safe.
 *
 * <p>Nothing is invented: a classic histogram or summary without a part that its message requires,
 * such as the count, is written as untyped samples of the same names.
 */
public final class ProtobufWriter implements MetricSink {
  private static final int COUNTER = 0;
  private static final int GAUGE = 1;
  private static final int SUMMARY = 2;
  private static final int UNTYPED = 3;
  private static final int HISTOGRAM = 4;
  private static final int GAUGE_HISTOGRAM = 5;

  /** One sample of a histogram or summary as collected. */
  private record Given(
      String name, Labels labels, double value, long timestampMs, @Nullable Exemplar exemplar) {}

  /** Labels without bound or quantile, and timestamp: the identity of a group of samples. */
  private record Key(Labels labels, long timestampMs) {}

  private static final class Group {
    final List<Given> parts = new ArrayList<>(); // buckets or quantiles
    final List<Double> bounds = new ArrayList<>(); // of parts
    @Nullable Given count;
    @Nullable Given sum;
    @Nullable NativeHistogram histogram;
  }

  private final boolean utf8Names;
  private final ProtobufBytes out = new ProtobufBytes();
  private final ProtobufBytes message = new ProtobufBytes(); // the open family
  private final ProtobufBytes metric = new ProtobufBytes();
  private final ProtobufBytes value = new ProtobufBytes();
  private final ProtobufBytes part = new ProtobufBytes();
  private final ProtobufBytes inner = new ProtobufBytes();
  private final Map<Key, Group> groups = new LinkedHashMap<>();
  private final List<Given> strays = new ArrayList<>(); // of a family with groups
  private @Nullable MetricMetadata family;
  private String open = ""; // name of the message's family; empty when none is open
  private int openType;

  /**
   * Creates a writer of one format.
   *
   * @throws IllegalArgumentException for a text format
   */
  public ProtobufWriter(ExpositionWriter.Format format) {
    if (!format.protobuf()) {
      throw new IllegalArgumentException("format must be protobuf, got " + format);
    }
    utf8Names = format.utf8Names();
  }

  /** Discards what was written. */
  public void reset() {
    out.clear();
    message.clear();
    groups.clear();
    strays.clear();
    family = null;
    open = "";
  }

  /** Ends the exposition. */
  public void finish() {
    endFamily();
  }

  /** Returns the array written to; valid up to {@link #length()} until the next change. */
  public byte[] buffer() {
    return out.buffer();
  }

  /** Returns the number of bytes written. */
  public int length() {
    return out.length();
  }

  /** Copies what was written. */
  public void writeTo(OutputStream stream) throws IOException {
    out.writeTo(stream);
  }

  @Override
  public void family(MetricMetadata metadata) {
    endFamily();
    family = metadata;
  }

  @Override
  public void sample(String name, Labels labels, double sample) {
    sample(name, labels, sample, 0, null);
  }

  @Override
  public void sample(
      String name, Labels labels, double sample, long timestampMs, @Nullable Exemplar exemplar) {
    MetricMetadata f = family;
    MetricType type = f == null ? MetricType.UNKNOWN : f.type();
    switch (type) {
      case HISTOGRAM, GAUGEHISTOGRAM, SUMMARY ->
          group(Objects.requireNonNull(f), new Given(name, labels, sample, timestampMs, exemplar));
      case COUNTER, GAUGE, INFO, STATESET, UNKNOWN ->
          plain(f, name, labels, sample, timestampMs, exemplar);
    }
  }

  @Override
  public void histogram(String name, Labels labels, NativeHistogram histogram) {
    MetricMetadata f = family;
    if (f != null && name.equals(f.name()) && isHistogram(f.type())) {
      groups.computeIfAbsent(new Key(labels, 0), _ -> new Group()).histogram = histogram;
      return;
    }
    begin(name, isGauge(histogram) ? GAUGE_HISTOGRAM : HISTOGRAM, "", "");
    nativeMetric(labels, histogram, null);
  }

  private static boolean isHistogram(MetricType type) {
    return type == MetricType.HISTOGRAM || type == MetricType.GAUGEHISTOGRAM;
  }

  private static boolean isGauge(NativeHistogram h) {
    return h.resetHint() == ResetHint.GAUGE;
  }

  private void plain(
      @Nullable MetricMetadata f,
      String name,
      Labels labels,
      double sample,
      long timestampMs,
      @Nullable Exemplar exemplar) {
    int type = UNTYPED;
    boolean own = f != null && isOwn(f, name);
    if (f != null && own) {
      type =
          switch (f.type()) {
            case COUNTER -> COUNTER;
            case GAUGE, INFO, STATESET -> GAUGE;
            case UNKNOWN, HISTOGRAM, GAUGEHISTOGRAM, SUMMARY -> UNTYPED;
          };
    }
    begin(name, type, f == null || !own ? "" : f.help(), f == null || !own ? "" : f.unit());
    metric.clear();
    labelPairs(labels);
    value.clear();
    value.real(1, sample);
    if (exemplar != null && type == COUNTER) {
      exemplar(exemplar);
      value.message(2, part);
    }
    metric.message(type == COUNTER ? 3 : type == GAUGE ? 2 : 5, value);
    endMetric(timestampMs);
  }

  /** Returns whether a sample has the family's name, apart from a suffix of its type. */
  private static boolean isOwn(MetricMetadata f, String name) {
    String suffix =
        switch (f.type()) {
          case COUNTER -> "_total";
          case INFO -> "_info";
          case UNKNOWN, GAUGE, HISTOGRAM, GAUGEHISTOGRAM, SUMMARY, STATESET -> "";
        };
    return name.startsWith(f.name())
        && (name.length() == f.name().length() || name.equals(f.name() + suffix));
  }

  private void group(MetricMetadata f, Given given) {
    boolean summary = f.type() == MetricType.SUMMARY;
    String rest = given.name.startsWith(f.name()) ? given.name.substring(f.name().length()) : "-";
    String edge = summary ? "quantile" : "le";
    boolean edged = rest.equals(summary ? "" : "_bucket");
    if (!edged && !rest.equals("_count") && !rest.equals("_sum")) {
      strays.add(given);
      return;
    }
    double bound = 0;
    Labels labels = given.labels;
    if (edged) {
      try {
        bound = bound(labels.get(edge));
      } catch (NumberFormatException _) {
        strays.add(given);
        return;
      }
      labels = without(labels, edge);
    }
    Group group = groups.computeIfAbsent(new Key(labels, given.timestampMs), _ -> new Group());
    if (edged) {
      group.parts.add(given);
      group.bounds.add(bound);
    } else if (rest.equals("_count") && group.count == null) {
      group.count = given;
    } else if (rest.equals("_sum") && group.sum == null) {
      group.sum = given;
    } else {
      strays.add(given);
    }
  }

  private static double bound(String text) {
    return switch (text) {
      case "+Inf", "Inf" -> Double.POSITIVE_INFINITY;
      case "-Inf" -> Double.NEGATIVE_INFINITY;
      default -> Double.parseDouble(text);
    };
  }

  private static Labels without(Labels labels, String name) {
    String[] pairs = new String[2 * labels.size() - 2];
    int n = 0;
    for (int i = 0; i < labels.size(); i++) {
      if (!labels.name(i).equals(name)) {
        pairs[n++] = labels.name(i);
        pairs[n++] = labels.value(i);
      }
    }
    return Labels.of(pairs);
  }

  private void writeGroups(MetricMetadata f) {
    boolean summary = f.type() == MetricType.SUMMARY;
    groups.forEach((key, group) -> {
      if (isComplete(group, summary)) {
        begin(f.name(), summary ? SUMMARY : histogramType(f, group), f.help(), f.unit());
        if (summary) {
          summary(key, group);
        } else {
          classic(key, group);
        }
        return;
      }
      strays.addAll(group.parts);
      if (group.sum != null) {
        strays.add(group.sum);
      }
      if (group.count != null) {
        strays.add(group.count);
      }
      NativeHistogram h = group.histogram;
      if (h != null) {
        begin(f.name(), histogramType(f, group), f.help(), f.unit());
        nativeMetric(key.labels, h, null);
      }
    });
    for (Given given : strays) {
      plain(null, given.name, given.labels, given.value, given.timestampMs, given.exemplar);
    }
    groups.clear();
    strays.clear();
  }

  private static int histogramType(MetricMetadata f, Group group) {
    NativeHistogram h = group.histogram;
    boolean gauge = f.type() == MetricType.GAUGEHISTOGRAM || (h != null && isGauge(h));
    return gauge ? GAUGE_HISTOGRAM : HISTOGRAM;
  }

  /**
   * Returns whether a message would contain exactly the given samples: readers add missing parts.
   */
  private static boolean isComplete(Group group, boolean summary) {
    return group.count != null
        && group.sum != null
        && (summary || group.bounds.contains(Double.POSITIVE_INFINITY))
        && (group.count.value >= 0 && (!summary || group.count.value == (long) group.count.value));
  }

  private void summary(Key key, Group group) {
    metric.clear();
    labelPairs(key.labels);
    value.clear();
    value.varint(1, group.count == null ? 0 : (long) group.count.value);
    value.real(2, group.sum == null ? 0 : group.sum.value);
    for (int i = 0; i < group.parts.size(); i++) {
      part.clear();
      part.real(1, group.bounds.get(i));
      part.real(2, group.parts.get(i).value);
      value.message(3, part);
    }
    metric.message(4, value);
    endMetric(key.timestampMs);
  }

  private void classic(Key key, Group group) {
    NativeHistogram h = group.histogram;
    if (h != null) {
      nativeMetric(key.labels, h, group);
      return;
    }
    metric.clear();
    labelPairs(key.labels);
    value.clear();
    value.real(2, group.sum == null ? 0 : group.sum.value);
    value.real(4, group.count == null ? 0 : group.count.value);
    buckets(group);
    metric.message(7, value);
    endMetric(key.timestampMs);
  }

  private void nativeMetric(Labels labels, NativeHistogram h, @Nullable Group classic) {
    metric.clear();
    labelPairs(labels);
    value.clear();
    HistogramMessage.write(value, h);
    if (classic != null && !h.hasCustomBuckets()) {
      buckets(classic);
    }
    metric.message(7, value);
    endMetric(0);
  }

  private void buckets(Group group) {
    ProtobufBytes bucket = inner;
    for (int i = 0; i < group.parts.size(); i++) {
      Given given = group.parts.get(i);
      bucket.clear();
      bucket.real(2, group.bounds.get(i));
      if (given.exemplar != null) {
        exemplar(given.exemplar);
        bucket.message(3, part);
      }
      bucket.real(4, given.value);
      value.message(3, bucket);
    }
  }

  /** Puts an exemplar into {@link #part}. */
  private void exemplar(Exemplar exemplar) {
    part.clear();
    ProtobufBytes pair = new ProtobufBytes();
    for (int i = 0; i < exemplar.labels().size(); i++) {
      pair.clear();
      pair.text(1, exemplar.labels().name(i));
      pair.text(2, exemplar.labels().value(i));
      part.message(1, pair);
    }
    part.real(2, exemplar.value());
    if (exemplar.hasTimestamp()) {
      pair.clear();
      pair.varint(1, Math.floorDiv(exemplar.timestampMs(), 1000L));
      pair.varint(2, Math.floorMod(exemplar.timestampMs(), 1000L) * 1_000_000L);
      part.message(3, pair);
    }
  }

  private void labelPairs(Labels labels) {
    for (int i = 0; i < labels.size(); i++) {
      String name = labels.name(i);
      if (!name.equals(Labels.METRIC_NAME)) {
        part.clear();
        part.text(1, utf8Names || Labels.isLegacyName(name) ? name : underscored(name));
        part.text(2, labels.value(i));
        metric.message(1, part);
      }
    }
  }

  private static String underscored(String name) {
    return ExpositionWriter.underscores(name);
  }

  private void begin(String name, int type, String help, String unit) {
    if (name.equals(open) && type == openType) {
      return;
    }
    endMessage();
    open = name;
    openType = type;
    message.text(1, utf8Names || NameScheme.isLegacyMetricName(name) ? name : underscored(name));
    if (!help.isEmpty()) {
      message.text(2, help);
    }
    message.varint(3, type);
    if (!unit.isEmpty()) {
      message.text(5, unit);
    }
  }

  private void endMetric(long timestampMs) {
    if (timestampMs != 0) {
      metric.varint(6, timestampMs);
    }
    message.message(4, metric);
  }

  private void endFamily() {
    MetricMetadata f = family;
    if (f != null && !(groups.isEmpty() && strays.isEmpty())) {
      writeGroups(f);
    }
    endMessage();
    family = null;
  }

  private void endMessage() {
    if (message.length() > 0) {
      out.varint(message.length());
      out.bytes(message.buffer(), message.length());
      message.clear();
    }
    open = "";
  }
}
