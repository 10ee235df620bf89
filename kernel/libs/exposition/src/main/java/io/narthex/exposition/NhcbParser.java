package io.narthex.exposition;

import io.narthex.model.Exemplar;
import io.narthex.model.Labels;
import io.narthex.model.MetricType;
import io.narthex.model.NativeHistogram;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Folds the series of a classic histogram, which must be consecutive, into one histogram with
 * custom bounds, reported after them. A histogram with inconsistent buckets is omitted.
 */
final class NhcbParser extends ExpositionParser {
  private final ExpositionParser inner;
  private final boolean keepClassic;
  private final boolean exemplarsNeedTime;

  /** Labels of the histogram being gathered, without suffix and bound; null = none. */
  private @Nullable Labels gathering;

  private final TreeMap<Double, Double> buckets = new TreeMap<>();
  private final List<Exemplar> gatheredExemplars = new ArrayList<>();
  private boolean hasCount;
  private double count;
  private double sum;
  private boolean gatheredTimestamp;
  private long gatheredMs;
  private long gatheredStart;
  private boolean faulty;

  /** An entry of the inner parser that has not been reported yet. */
  private @Nullable Entry ahead;

  /** The labels of the last native histogram; its classic series are not folded. */
  private @Nullable Labels lastNative;

  // the folded histogram when it is the current entry
  private @Nullable NativeHistogram folded;
  private Labels foldedLabels = Labels.EMPTY;
  private byte[] foldedKey = new byte[0];
  private boolean foldedTimestamp;
  private long foldedMs;
  private long foldedStart;
  private List<Exemplar> foldedExemplars = List.of();

  NhcbParser(ExpositionParser inner, boolean keepClassic, boolean exemplarsNeedTime) {
    this.inner = inner;
    this.keepClassic = keepClassic;
    this.exemplarsNeedTime = exemplarsNeedTime;
  }

  @Override
  public void reset(byte[] data, int length) {
    inner.reset(data, length);
    gathering = null;
    ahead = null;
    folded = null;
    lastNative = null;
  }

  @Override
  public Entry next() throws ExpositionException {
    folded = null;
    while (true) {
      Entry e = ahead != null ? ahead : inner.next();
      ahead = null;
      Labels part = e == Entry.SERIES ? partOf() : null;
      if (gathering != null && !gathering.equals(part)) {
        ahead = e;
        if (fold()) {
          return Entry.HISTOGRAM;
        }
        continue;
      }
      if (part == null) {
        if (e == Entry.HISTOGRAM) {
          lastNative = inner.labels();
        }
        return e;
      }
      gather(part);
      if (keepClassic) {
        return e;
      }
    }
  }

  /** Returns the labels of the histogram that the current series is a part of, or null. */
  private @Nullable Labels partOf() throws ExpositionException {
    if (inner.type() != MetricType.HISTOGRAM) {
      return null;
    }
    Labels labels = inner.labels();
    String name = labels.metricName();
    for (String suffix : new String[] {"_bucket", "_count", "_sum"}) {
      if (name.endsWith(suffix)) {
        if (suffix.equals("_bucket") != labels.has("le")) {
          return null;
        }
        Labels base =
            labels
                .without("le")
                .with(Labels.METRIC_NAME, name.substring(0, name.length() - suffix.length()));
        return base.equals(lastNative) ? null : base;
      }
    }
    return null;
  }

  private void gather(Labels part) throws ExpositionException {
    if (gathering == null) {
      gathering = part;
      buckets.clear();
      gatheredExemplars.clear();
      hasCount = false;
      count = 0;
      sum = 0;
      faulty = false;
      gatheredStart = 0;
    }
    Labels labels = inner.labels();
    String name = labels.metricName();
    double v = inner.value();
    gatheredTimestamp = inner.hasTimestamp();
    gatheredMs = inner.timestampMs();
    if (gatheredStart == 0) {
      gatheredStart = inner.startTimestampMs();
    }
    if (name.endsWith("_sum")) {
      sum = v;
    } else if (name.endsWith("_count")) {
      hasCount = true;
      count = v;
      faulty |= !(v >= 0);
    } else {
      byte[] le = labels.get("le").getBytes(StandardCharsets.UTF_8);
      try {
        buckets.putIfAbsent(FloatReader.read(le, 0, le.length), v);
      } catch (NumberFormatException _) {
        faulty = true;
      }
      faulty |= !(v >= 0);
    }
    for (int i = 0; i < inner.exemplarCount(); i++) {
      Exemplar x = inner.exemplar(i);
      if (x.hasTimestamp() || !exemplarsNeedTime) {
        gatheredExemplars.add(x);
      }
    }
  }

  /** Makes the gathered histogram the current entry; returns false when it is faulty. */
  private boolean fold() throws ExpositionException {
    Labels labels = gathering;
    gathering = null;
    if (labels == null || faulty) {
      return false;
    }
    if (!hasCount && !buckets.isEmpty()) {
      count = buckets.lastEntry().getValue();
    }
    buckets.putIfAbsent(Double.POSITIVE_INFINITY, count);
    double[] bounds = new double[buckets.size() - 1];
    double[] values = new double[buckets.size()];
    double before = 0;
    int n = 0;
    for (Map.Entry<Double, Double> e : buckets.entrySet()) {
      if (e.getValue() < before) {
        return false;
      }
      if (n < bounds.length) {
        bounds[n] = e.getKey();
      }
      values[n++] = e.getValue() - before;
      before = e.getValue();
    }
    if (before != count) {
      return false;
    }
    HistogramBuckets compact = HistogramBuckets.compact(new int[] {0, values.length}, values, 2);
    folded =
        NativeHistogram.builder()
            .schema(NativeHistogram.CUSTOM_BUCKETS_SCHEMA)
            .count(count)
            .sum(sum)
            .positive(compact.spans, compact.values)
            .customBounds(bounds)
            .build();
    foldedLabels = labels;
    foldedKey = labels.toString().getBytes(StandardCharsets.UTF_8);
    foldedTimestamp = gatheredTimestamp;
    foldedMs = gatheredMs;
    foldedStart = gatheredStart;
    foldedExemplars = List.copyOf(gatheredExemplars);
    return true;
  }

  @Override
  public byte[] seriesBytes() {
    return folded != null ? foldedKey : inner.seriesBytes();
  }

  @Override
  public int seriesStart() {
    return folded != null ? 0 : inner.seriesStart();
  }

  @Override
  public int seriesEnd() {
    return folded != null ? foldedKey.length : inner.seriesEnd();
  }

  @Override
  public Labels labels() throws ExpositionException {
    return folded != null ? foldedLabels : inner.labels();
  }

  @Override
  public boolean hasEmptyLabel(String name) throws ExpositionException {
    return folded == null && inner.hasEmptyLabel(name);
  }

  @Override
  public double value() {
    return inner.value();
  }

  @Override
  public NativeHistogram histogram() throws ExpositionException {
    return folded != null ? folded : inner.histogram();
  }

  @Override
  public boolean hasTimestamp() {
    return folded != null ? foldedTimestamp : inner.hasTimestamp();
  }

  @Override
  public long timestampMs() {
    return folded != null ? foldedMs : inner.timestampMs();
  }

  @Override
  public long startTimestampMs() {
    return folded != null ? foldedStart : inner.startTimestampMs();
  }

  @Override
  public int exemplarCount() {
    return folded != null ? foldedExemplars.size() : inner.exemplarCount();
  }

  @Override
  public Exemplar exemplar(int index) throws ExpositionException {
    return folded != null ? foldedExemplars.get(index) : inner.exemplar(index);
  }

  @Override
  public String metadataName() throws ExpositionException {
    return inner.metadataName();
  }

  @Override
  public String metadataText() {
    return inner.metadataText();
  }

  @Override
  public MetricType type() {
    return inner.type();
  }
}
