package io.narthex.bench.push;

import io.narthex.bench.WireBuffer;
import io.narthex.bench.push.Family.Kind;
import io.narthex.bench.push.Family.Metric;
import io.narthex.bench.push.Family.Point;
import java.util.List;
import java.util.Map;

/**
 * Writes families as {@code io.prometheus.client.MetricFamily} messages of protobuf, each after its
 * length.
 */
final class ProtoBody {
  /** The type of such a body. */
  static final String CONTENT_TYPE =
      "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily;"
          + " encoding=delimited";

  private static final int CAPACITY = 256;

  private ProtoBody() {}

  /** Returns the messages of the families, without their lengths. */
  static List<byte[]> messages(List<Family> families) {
    return families.stream().map(ProtoBody::message).toList();
  }

  /** Returns messages, each after its length, as a body. */
  static byte[] delimited(List<byte[]> messages) {
    WireBuffer body = new WireBuffer(CAPACITY);
    for (byte[] message : messages) {
      body.varint(message.length);
      body.raw(message, 0, message.length);
    }
    return bytes(body);
  }

  private static byte[] bytes(WireBuffer buffer) {
    byte[] bytes = new byte[buffer.size()];
    System.arraycopy(buffer.array(), 0, bytes, 0, bytes.length);
    return bytes;
  }

  private static byte[] message(Family family) {
    WireBuffer out = new WireBuffer(CAPACITY);
    out.text(1, family.name());
    if (!family.help().isEmpty()) {
      out.text(2, family.help());
    }
    out.number(3, family.kind().ordinal());
    for (Metric metric : family.metrics()) {
      out.message(4, metric(family.kind(), metric));
    }
    return bytes(out);
  }

  private static WireBuffer metric(Kind kind, Metric metric) {
    WireBuffer out = new WireBuffer(CAPACITY);
    for (Map.Entry<String, String> label : metric.labels().entrySet()) {
      WireBuffer pair = new WireBuffer(CAPACITY);
      pair.text(1, label.getKey());
      pair.text(2, label.getValue());
      out.message(1, pair);
    }
    switch (kind) {
      case COUNTER -> out.message(3, value(metric.value()));
      case GAUGE -> out.message(2, value(metric.value()));
      case UNTYPED -> out.message(5, value(metric.value()));
      case SUMMARY -> out.message(4, summary(metric));
      case HISTOGRAM -> out.message(7, histogram(metric));
    }
    Long timestampMs = metric.timestampMs();
    if (timestampMs != null) {
      out.number(6, timestampMs);
    }
    return out;
  }

  private static WireBuffer value(double value) {
    WireBuffer out = new WireBuffer(16);
    out.real(1, value);
    return out;
  }

  private static WireBuffer summary(Metric metric) {
    WireBuffer out = new WireBuffer(CAPACITY);
    Double count = metric.count();
    if (count != null) {
      out.number(1, count.longValue());
    }
    Double sum = metric.sum();
    if (sum != null) {
      out.real(2, sum);
    }
    for (Point point : metric.points()) {
      WireBuffer quantile = new WireBuffer(32);
      quantile.real(1, point.bound());
      quantile.real(2, point.value());
      out.message(3, quantile);
    }
    return out;
  }

  private static WireBuffer histogram(Metric metric) {
    WireBuffer out = new WireBuffer(CAPACITY);
    Double count = metric.count();
    if (count != null && count == count.longValue()) {
      out.number(1, count.longValue());
    } else if (count != null) {
      out.real(4, count);
    }
    Double sum = metric.sum();
    if (sum != null) {
      out.real(2, sum);
    }
    for (Point point : metric.points()) {
      WireBuffer bucket = new WireBuffer(32);
      bucket.number(1, (long) point.value());
      bucket.real(2, point.bound());
      out.message(3, bucket);
    }
    return out;
  }
}
