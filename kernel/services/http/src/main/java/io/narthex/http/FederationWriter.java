package io.narthex.http;

import io.narthex.exposition.HistogramMessage;
import io.narthex.exposition.ProtobufBytes;
import io.narthex.model.Labels;
import io.narthex.model.NativeHistogram;
import io.narthex.model.NativeHistogram.ResetHint;
import io.narthex.model.go.GoFloat;
import io.narthex.relabel.NameScheme;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Writes newest samples for another server, each with its own time, as Prometheus' text or as
 * delimited {@code io.prometheus.client.MetricFamily} messages. Text is streamed; of protobuf one
 * message is held at a time, because its length comes first. Not thread-safe.
 *
 * <p>Floats are {@code untyped}. Exponential native histograms have no text form and come in
 * protobuf only; those with custom bounds become classic ones in both.
 */
final class FederationWriter {
  private static final int FLUSH = 1 << 16;

  /** Series of one name are split into messages of about this size, which readers join. */
  private static final int LARGE_FAMILY = 4 << 20;

  /**
   * What is written.
   *
   * @param contentType value of the response's header
   */
  record Format(boolean protobuf, NameEscaping escaping, String contentType) {
    /** Returns the format that a client prefers, as Prometheus chooses: never OpenMetrics. */
    static Format negotiate(@Nullable String accept) {
      record Offer(String media, Map<String, String> params, double weight) {}
      List<Offer> offers = new ArrayList<>();
      for (String part : accept == null ? new String[0] : accept.split(",", 64)) {
        String[] pieces = part.split(";", 16);
        Map<String, String> params = new TreeMap<>();
        for (int i = 1; i < pieces.length; i++) {
          String[] pair = pieces[i].strip().split("=", 2);
          params.put(pair[0].toLowerCase(Locale.ROOT), pair.length < 2 ? "" : pair[1].strip());
        }
        double weight = 1;
        try {
          weight = Double.parseDouble(params.getOrDefault("q", "1"));
        } catch (NumberFormatException _) {
          // as without it
        }
        offers.add(new Offer(pieces[0].strip().toLowerCase(Locale.ROOT), params, weight));
      }
      offers.sort(Comparator.comparingDouble(Offer::weight).reversed()); // stable
      NameEscaping escaping = NameEscaping.UNDERSCORES;
      for (Offer offer : offers) {
        escaping = NameEscaping.of(offer.params.get("escaping"), escaping);
        String version = offer.params.getOrDefault("version", "");
        if (offer.media.equals("application/vnd.google.protobuf")
            && "io.prometheus.client.MetricFamily".equals(offer.params.get("proto"))
            && "delimited".equals(offer.params.get("encoding"))) {
          return new Format(
              true,
              escaping,
              "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited; escaping="
                  + escaping.text());
        }
        if (offer.media.equals("text/plain")
            && (version.isEmpty() || version.equals("0.0.4") || version.equals("1.0.0"))) {
          return text(version.isEmpty() ? "0.0.4" : version, escaping);
        }
      }
      return text("0.0.4", escaping);
    }

    private static Format text(String version, NameEscaping escaping) {
      return new Format(
          false,
          escaping,
          "text/plain; version=" + version + "; charset=utf-8; escaping=" + escaping.text());
    }
  }

  private enum Kind {
    UNTYPED("untyped", 3),
    HISTOGRAM("histogram", 4),
    GAUGE_HISTOGRAM("histogram", 5);

    private final String text;
    private final int number;

    Kind(String text, int number) {
      this.text = text;
      this.number = number;
    }
  }

  private final Format format;
  private final Map<String, String> external;
  private final OutputStream stream;
  private final ProtobufBytes out = new ProtobufBytes();
  private final ProtobufBytes metric = new ProtobufBytes();
  private final ProtobufBytes part = new ProtobufBytes();
  private final byte[] number = new byte[GoFloat.MAX_LENGTH];
  private String family = "";
  private @Nullable Kind kind;

  /**
   * Creates a writer.
   *
   * @param external labels that every series gets unless it has them; {@code instance} is added to
   *     them empty, so that a server with {@code honor_labels} does not add its own
   */
  FederationWriter(Format format, Map<String, String> external, OutputStream stream) {
    this.format = format;
    this.external = new TreeMap<>(external);
    this.external.putIfAbsent("instance", "");
    this.stream = stream;
  }

  /** Writes a number; series of one name have to follow each other. */
  void sample(Labels labels, double value, long timeMs) throws IOException {
    begin(labels.metricName(), Kind.UNTYPED);
    if (format.protobuf) {
      metric.clear();
      labelPairs(labels);
      part.clear();
      part.real(1, value);
      metric.message(5, part);
      endMetric(timeMs);
    } else {
      line(labels, "", null, value, timeMs);
    }
  }

  /** Writes a native histogram, where the format has a form for it. */
  void histogram(Labels labels, NativeHistogram h, long timeMs) throws IOException {
    if (!format.protobuf && !h.hasCustomBuckets()) {
      return;
    }
    begin(
        labels.metricName(),
        h.resetHint() == ResetHint.GAUGE ? Kind.GAUGE_HISTOGRAM : Kind.HISTOGRAM);
    if (!format.protobuf) {
      classicLines(labels, h, timeMs);
      return;
    }
    metric.clear();
    labelPairs(labels);
    part.clear();
    HistogramMessage.write(part, h);
    metric.message(7, part);
    endMetric(timeMs);
  }

  /** Ends the last family and flushes to the stream. */
  void finish() throws IOException {
    endFamily();
    drain();
  }

  private void begin(String name, Kind wanted) throws IOException {
    if (name.equals(family) && wanted == kind) {
      return;
    }
    endFamily();
    family = name;
    kind = wanted;
    String shown = format.escaping.escape(name);
    if (format.protobuf) {
      out.text(1, shown);
      out.varint(3, wanted.number);
      return;
    }
    out.ascii("# TYPE ");
    if (NameScheme.isLegacyMetricName(shown)) {
      out.ascii(shown);
    } else {
      quoted(shown);
    }
    out.put(' ');
    out.ascii(wanted.text);
    out.put('\n');
  }

  private void endFamily() throws IOException {
    if (kind != null && format.protobuf) {
      ProtobufBytes length = new ProtobufBytes();
      length.varint(out.length());
      length.writeTo(stream);
      drain();
    }
    kind = null;
  }

  private void drain() throws IOException {
    out.writeTo(stream);
    out.clear();
  }

  private void endMetric(long timeMs) throws IOException {
    metric.varint(6, timeMs);
    out.message(4, metric);
    if (out.length() > LARGE_FAMILY) {
      endFamily(); // the next one begins another message
    }
  }

  private void labelPairs(Labels labels) {
    for (int i = 0; i < labels.size(); i++) {
      if (!labels.name(i).equals(Labels.METRIC_NAME)) {
        labelPair(labels.name(i), labels.value(i));
      }
    }
    external.forEach((name, value) -> {
      if (labels.get(name).isEmpty()) {
        labelPair(name, value);
      }
    });
  }

  private void labelPair(String name, String value) {
    part.clear();
    part.text(1, format.escaping.escape(name));
    part.text(2, value);
    metric.message(1, part);
  }

  private void classicLines(Labels labels, NativeHistogram h, long timeMs) throws IOException {
    double[] cumulative = HistogramMessage.cumulative(h);
    for (int i = 0; i < h.customBounds().length; i++) {
      String bound = GoFloat.toString(h.customBounds()[i], GoFloat.Style.GENERAL);
      line(labels, "_bucket", bound, cumulative[i], timeMs);
    }
    line(labels, "_bucket", "+Inf", h.count(), timeMs);
    line(labels, "_sum", null, h.sum(), timeMs);
    line(labels, "_count", null, h.count(), timeMs);
  }

  private void line(Labels labels, String suffix, @Nullable String bound, double value, long timeMs)
      throws IOException {
    String name = format.escaping.escape(labels.metricName()) + suffix;
    boolean plain = NameScheme.isLegacyMetricName(name);
    if (plain) {
      out.ascii(name);
      out.put('{');
    } else {
      out.put('{');
      quoted(name);
    }
    boolean comma = !plain;
    for (int i = 0; i < labels.size(); i++) {
      if (!labels.name(i).equals(Labels.METRIC_NAME)) {
        comma = pair(comma, labels.name(i), labels.value(i));
      }
    }
    for (Map.Entry<String, String> e : external.entrySet()) {
      if (labels.get(e.getKey()).isEmpty()) {
        comma = pair(comma, e.getKey(), e.getValue());
      }
    }
    if (bound != null) {
      pair(comma, "le", bound);
    }
    out.ascii("} ");
    int length = GoFloat.write(number, 0, value == 0 ? 0.0 : value, GoFloat.Style.GENERAL);
    out.bytes(number, length);
    out.put(' ');
    out.ascii(Long.toString(timeMs));
    out.put('\n');
    if (out.length() > FLUSH) {
      drain();
    }
  }

  private boolean pair(boolean comma, String name, String value) {
    if (comma) {
      out.put(',');
    }
    String shown = format.escaping.escape(name);
    if (Labels.isLegacyName(shown)) {
      out.ascii(shown);
    } else {
      quoted(shown);
    }
    out.put('=');
    quoted(value);
    return true;
  }

  private void quoted(String text) {
    out.put('"');
    boolean clean = true;
    for (int i = 0; i < text.length() && clean; i++) {
      char c = text.charAt(i);
      clean = c != '\\' && c != '\n' && c != '"';
    }
    byte[] bytes =
        (clean ? text : text.replace("\\", "\\\\").replace("\n", "\\n").replace("\"", "\\\""))
            .getBytes(StandardCharsets.UTF_8);
    out.bytes(bytes, bytes.length);
    out.put('"');
  }
}
