package io.narthex.push;

import io.narthex.exposition.ProtobufBytes;
import io.narthex.exposition.family.Family;
import io.narthex.exposition.family.Kind;
import io.narthex.exposition.family.Metric;
import io.narthex.exposition.family.SeriesLabels;
import java.util.function.UnaryOperator;

/**
 * Writes families as {@code io.prometheus.client.MetricFamily} messages. Not thread-safe.
 *
 * <p>{@link MessageReader} reads what it has written, without a loss.
 */
final class MessageWriter {
  private static final int LABEL = 1; // field of a metric

  private final ProtobufBytes out = new ProtobufBytes();
  private final UnaryOperator<String> metricNames;
  private final UnaryOperator<String> labelNames;
  private final ProtobufBytes family = new ProtobufBytes();
  private final ProtobufBytes metric = new ProtobufBytes();
  private final ProtobufBytes value = new ProtobufBytes();
  private final ProtobufBytes part = new ProtobufBytes();

  private MessageWriter(UnaryOperator<String> metricNames, UnaryOperator<String> labelNames) {
    this.metricNames = metricNames;
    this.labelNames = labelNames;
  }

  /** Returns one that keeps names as they are. */
  static MessageWriter exact() {
    return new MessageWriter(UnaryOperator.identity(), UnaryOperator.identity());
  }

  /** Returns one that replaces characters that names had to do without once. */
  static MessageWriter escaping() {
    return new MessageWriter(n -> Names.underscores(n, false), n -> Names.underscores(n, true));
  }

  /** Returns what was written. */
  ProtobufBytes bytes() {
    return out;
  }

  /** Adds a message with its length in front. */
  void add(Family f) {
    family.clear();
    family.text(1, metricNames.apply(f.name()));
    if (!f.help().isEmpty()) {
      family.text(2, f.help());
    }
    family.varint(3, f.kind().ordinal());
    for (Metric m : f.metrics()) {
      metric.clear();
      labels(m.labels());
      value(f.kind(), m);
      family.message(4, metric);
    }
    out.varint(family.length());
    out.bytes(family.buffer(), family.length());
  }

  private void labels(SeriesLabels labels) {
    for (int i = 0; i < labels.size(); i++) {
      part.clear();
      part.text(1, labelNames.apply(labels.name(i)));
      part.text(2, labels.value(i));
      metric.message(LABEL, part);
    }
  }

  private void value(Kind kind, Metric m) {
    value.clear();
    switch (m) {
      case Metric.Value v -> {
        value.real(1, v.value());
        metric.message(kind == Kind.GAUGE ? 2 : kind == Kind.COUNTER ? 3 : 5, value);
      }
      case Metric.Summary s -> {
        value.varint(1, s.count());
        value.real(2, s.sum());
        for (int i = 0; i < s.quantiles().length; i++) {
          part.clear();
          part.real(1, s.quantiles()[i]);
          part.real(2, s.values()[i]);
          value.message(3, part);
        }
        metric.message(4, value);
      }
      case Metric.Histogram h -> {
        count(value, 1, 4, h.count());
        value.real(2, h.sum());
        for (int i = 0; i < h.bounds().length; i++) {
          part.clear();
          count(part, 1, 4, h.counts()[i]);
          part.real(2, h.bounds()[i]);
          value.message(3, part);
        }
        value.bytes(h.nativeFields(), h.nativeFields().length);
        metric.message(7, value);
      }
      case Metric.Missing _ -> {
        // nothing to write
      }
    }
  }

  /** Writes a count as an integer where it is one. */
  private static void count(ProtobufBytes to, int field, int floatField, double count) {
    if (count >= 0 && count < 0x1p53 && count == Math.rint(count)) {
      to.varint(field, (long) count);
    } else {
      to.real(floatField, count);
    }
  }
}
