package io.narthex.exposition;

import io.narthex.model.Exemplar;
import io.narthex.model.Labels;
import io.narthex.model.MetricMetadata;
import io.narthex.model.MetricType;
import io.narthex.model.NativeHistogram;
import io.narthex.model.go.GoFloat;
import io.narthex.relabel.NameScheme;
import io.narthex.spi.exporter.MetricSink;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Arrays;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Writes metrics as text, into a growing array that {@link #reset} reuses. Native histograms have
 * no text form and are omitted. Not thread-safe.
 *
 * <p>A counter may be given as family {@code x} or {@code x_total}: the Prometheus format names the
 * family like its samples, OpenMetrics without the suffix. The same holds for {@code _info}.
 */
public final class ExpositionWriter implements MetricSink {
  /** The formats; {@link ProtobufWriter} writes the last two. */
  public enum Format {
    /** Prometheus text 0.0.4. */
    TEXT_0_0_4("text/plain; version=0.0.4; charset=utf-8; escaping=underscores"),
    /** Prometheus text 1.0.0: names may be any UTF-8. */
    TEXT_1_0_0("text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8"),
    /** OpenMetrics 0.0.1. */
    OPENMETRICS_0_0_1(
        "application/openmetrics-text; version=0.0.1; charset=utf-8; escaping=underscores"),
    /** OpenMetrics 1.0.0. */
    OPENMETRICS_1_0_0(
        "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8"),
    /** Delimited messages, names as in text 0.0.4. */
    PROTOBUF(
        "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited; escaping=underscores"),
    /** Delimited messages: names may be any UTF-8. */
    PROTOBUF_UTF8(
        "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited; escaping=allow-utf-8");

    private final String contentType;

    Format(String contentType) {
      this.contentType = contentType;
    }

    /** Returns the Content-Type of a response. */
    public String contentType() {
      return contentType;
    }

    boolean openMetrics() {
      return this == OPENMETRICS_0_0_1 || this == OPENMETRICS_1_0_0;
    }

    boolean utf8Names() {
      return this == TEXT_1_0_0 || this == OPENMETRICS_1_0_0 || this == PROTOBUF_UTF8;
    }

    /** Returns whether this is one of the formats that {@link ProtobufWriter} writes. */
    public boolean protobuf() {
      return this == PROTOBUF || this == PROTOBUF_UTF8;
    }

    /**
     * Returns the best format for an Accept header; {@link #TEXT_0_0_4} when it names none.
     *
     * @param accept the header's value, or null
     */
    public static Format negotiate(@Nullable String accept) {
      Format best = TEXT_0_0_4;
      double bestWeight = -1;
      if (accept == null) {
        return best;
      }
      for (String part : accept.split(",")) {
        String[] params = part.toLowerCase(Locale.ROOT).split(";");
        String media = params[0].strip();
        String version = "";
        boolean messages = false;
        boolean delimited = false;
        boolean utf8 = false;
        double weight = 1;
        for (int i = 1; i < params.length; i++) {
          String p = params[i].strip();
          if (p.startsWith("version=")) {
            version = p.substring(8);
          } else if (p.equals("proto=io.prometheus.client.metricfamily")) {
            messages = true;
          } else if (p.equals("encoding=delimited")) {
            delimited = true;
          } else if (p.equals("escaping=allow-utf-8")) {
            utf8 = true;
          } else if (p.startsWith("q=")) {
            try {
              weight = Double.parseDouble(p.substring(2));
            } catch (NumberFormatException _) {
              weight = 0;
            }
          }
        }
        Format f =
            switch (media) {
              case "application/openmetrics-text" ->
                  switch (version) {
                    case "1.0.0" -> OPENMETRICS_1_0_0;
                    case "0.0.1", "" -> OPENMETRICS_0_0_1;
                    default -> null;
                  };
              case "text/plain" ->
                  switch (version) {
                    case "1.0.0" -> TEXT_1_0_0;
                    case "0.0.4", "" -> TEXT_0_0_4;
                    default -> null;
                  };
              case "application/vnd.google.protobuf" ->
                  !messages || !delimited ? null : utf8 ? PROTOBUF_UTF8 : PROTOBUF;
              default -> null;
            };
        if (f != null && weight > bestWeight) {
          best = f;
          bestWeight = weight;
        }
      }
      return best;
    }
  }

  private final Format format;
  private byte[] out = new byte[8192];
  private int n;
  private @Nullable MetricMetadata family;
  private boolean headWritten;

  /**
   * Creates a writer of one format.
   *
   * @throws IllegalArgumentException for a format that is not text
   */
  public ExpositionWriter(Format format) {
    if (format.protobuf()) {
      throw new IllegalArgumentException("format must be text, got " + format);
    }
    this.format = format;
  }

  /** Returns the format. */
  public Format format() {
    return format;
  }

  /** Discards what was written. */
  public void reset() {
    n = 0;
    family = null;
  }

  /** Ends the exposition. */
  public void finish() {
    endFamily();
    if (format.openMetrics()) {
      ascii("# EOF\n");
    }
  }

  /** Returns the array written to; valid up to {@link #length()} until the next change. */
  public byte[] buffer() {
    return out;
  }

  /** Returns the number of bytes written. */
  public int length() {
    return n;
  }

  /** Copies what was written. */
  public void writeTo(OutputStream stream) throws IOException {
    stream.write(out, 0, n);
  }

  @Override
  public void family(MetricMetadata metadata) {
    endFamily();
    family = metadata;
    headWritten = false;
  }

  private void endFamily() {
    MetricMetadata f = family;
    if (f != null && !headWritten && format.openMetrics()) {
      head(f, f.name());
    }
    family = null;
  }

  @Override
  public void sample(String name, Labels labels, double value) {
    line(name, labels, value, false, 0, null);
  }

  @Override
  public void sample(
      String name, Labels labels, double value, long timestampMs, @Nullable Exemplar exemplar) {
    line(name, labels, value, true, timestampMs, exemplar);
  }

  @Override
  public void histogram(String name, Labels labels, NativeHistogram histogram) {
    // no text form
  }

  private void line(
      String name,
      Labels labels,
      double value,
      boolean timed,
      long timestampMs,
      @Nullable Exemplar exemplar) {
    MetricMetadata f = family;
    boolean counter = f != null && f.type() == MetricType.COUNTER;
    String shown = name;
    if (counter && format.openMetrics() && !name.endsWith("_total") && !name.endsWith("_created")) {
      shown = name + "_total";
    }
    if (f != null && !headWritten) {
      head(f, name);
    }
    series(shown, labels);
    put(' ');
    number(value);
    if (timed && timestampMs != 0) {
      put(' ');
      if (format.openMetrics()) {
        room(GoFloat.MAX_LENGTH);
        n = GoFloat.write(out, n, timestampMs / 1000.0, GoFloat.Style.FIXED);
      } else {
        ascii(Long.toString(timestampMs));
      }
    }
    if (exemplar != null && format.openMetrics() && (counter || name.endsWith("_bucket"))) {
      ascii(" # {");
      pairs(exemplar.labels(), false);
      ascii("} ");
      number(exemplar.value());
      if (exemplar.hasTimestamp()) {
        put(' ');
        room(GoFloat.MAX_LENGTH);
        n = GoFloat.write(out, n, exemplar.timestampMs() / 1000.0, GoFloat.Style.FIXED);
      }
    }
    put('\n');
  }

  private void head(MetricMetadata f, String sampleName) {
    headWritten = true;
    String name = f.name();
    String suffix =
        switch (f.type()) {
          case COUNTER -> "_total";
          case INFO -> "_info";
          case UNKNOWN, GAUGE, HISTOGRAM, GAUGEHISTOGRAM, SUMMARY, STATESET -> "";
        };
    boolean suffixed = !suffix.isEmpty() && name.endsWith(suffix);
    if (format.openMetrics() && suffixed) {
      name = name.substring(0, name.length() - suffix.length());
    } else if (!format.openMetrics() && !suffixed && sampleName.equals(name + suffix)) {
      name = sampleName;
    }
    if (!f.help().isEmpty() || format.openMetrics()) {
      ascii("# HELP ");
      metaName(name);
      put(' ');
      escaped(f.help(), format.openMetrics());
      put('\n');
    }
    ascii("# TYPE ");
    metaName(name);
    put(' ');
    ascii(format.openMetrics() ? f.type().text() : classicType(f.type()));
    put('\n');
    if (format.openMetrics() && !f.unit().isEmpty() && name.endsWith("_" + f.unit())) {
      ascii("# UNIT ");
      metaName(name);
      put(' ');
      escaped(f.unit(), true);
      put('\n');
    }
  }

  private static String classicType(MetricType type) {
    return switch (type) {
      case UNKNOWN -> "untyped";
      case COUNTER -> "counter";
      case GAUGE, INFO, STATESET -> "gauge";
      case HISTOGRAM, GAUGEHISTOGRAM -> "histogram";
      case SUMMARY -> "summary";
    };
  }

  private void metaName(String name) {
    if (NameScheme.isLegacyMetricName(name)) {
      ascii(name);
    } else if (format.utf8Names()) {
      quoted(name);
    } else {
      ascii(underscores(name));
    }
  }

  private void series(String name, Labels labels) {
    boolean plain = NameScheme.isLegacyMetricName(name);
    if (plain || !format.utf8Names()) {
      ascii(plain ? name : underscores(name));
      if (!labels.isEmpty()) {
        put('{');
        pairs(labels, false);
        put('}');
      }
      return;
    }
    put('{');
    quoted(name);
    pairs(labels, true);
    put('}');
  }

  private void pairs(Labels labels, boolean more) {
    boolean comma = more;
    for (int i = 0; i < labels.size(); i++) {
      String name = labels.name(i);
      if (name.equals(Labels.METRIC_NAME)) {
        continue;
      }
      if (comma) {
        put(',');
      }
      comma = true;
      if (Labels.isLegacyName(name)) {
        ascii(name);
      } else if (format.utf8Names()) {
        quoted(name);
      } else {
        ascii(underscores(name));
      }
      put('=');
      quoted(labels.value(i));
    }
  }

  /**
   * Returns the name with each invalid character replaced, as the escaping scheme {@code
   * underscores} does.
   */
  static String underscores(String name) {
    StringBuilder b = new StringBuilder(name.length());
    name.codePoints()
        .forEach(c -> {
          boolean letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':';
          boolean digit = c >= '0' && c <= '9' && !b.isEmpty();
          b.append(letter || digit ? (char) c : '_');
        });
    return b.toString();
  }

  private void number(double v) {
    room(GoFloat.MAX_LENGTH);
    n =
        GoFloat.write(
            out,
            n,
            v == 0 ? 0.0 : v,
            format.openMetrics() ? GoFloat.Style.OPEN_METRICS : GoFloat.Style.GENERAL);
  }

  private void quoted(String text) {
    put('"');
    escaped(text, true);
    put('"');
  }

  private void escaped(String text, boolean quotes) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '\\') {
        ascii("\\\\");
      } else if (c == '\n') {
        ascii("\\n");
      } else if (c == '"' && quotes) {
        ascii("\\\"");
      } else if (c < 0x80) {
        put(c);
      } else {
        int code = text.codePointAt(i);
        i += Character.charCount(code) - 1;
        utf8(code >= 0xd800 && code <= 0xdfff ? 0xfffd : code);
      }
    }
  }

  private void utf8(int code) {
    room(4);
    if (code < 0x800) {
      out[n++] = (byte) (0xc0 | code >> 6);
    } else if (code < 0x10000) {
      out[n++] = (byte) (0xe0 | code >> 12);
      out[n++] = (byte) (0x80 | (code >> 6 & 0x3f));
    } else {
      out[n++] = (byte) (0xf0 | code >> 18);
      out[n++] = (byte) (0x80 | (code >> 12 & 0x3f));
      out[n++] = (byte) (0x80 | (code >> 6 & 0x3f));
    }
    out[n++] = (byte) (0x80 | (code & 0x3f));
  }

  private void ascii(String text) {
    room(text.length());
    for (int i = 0; i < text.length(); i++) {
      out[n++] = (byte) text.charAt(i);
    }
  }

  private void put(char c) {
    room(1);
    out[n++] = (byte) c;
  }

  private void room(int bytes) {
    if (n + bytes > out.length) {
      out = Arrays.copyOf(out, Math.max(out.length * 2, n + bytes));
    }
  }
}
