package io.narthex.http;

import io.narthex.model.NativeHistogram;
import io.narthex.model.go.GoFloat;
import io.narthex.service.query.QueryResult.Data;
import io.narthex.service.query.QueryResult.Series;
import io.narthex.service.query.QueryResult.VectorSample;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Writes query results as the Prometheus API shows them. Times are seconds, values strings. */
final class ResultWriter {
  private static final byte[] METRIC = JsonBytes.ascii("{\"metric\":");
  private static final byte[] VALUE = JsonBytes.ascii(",\"value\":[");
  private static final byte[] HISTOGRAM = JsonBytes.ascii(",\"histogram\":[");
  private static final byte[] VALUES = JsonBytes.ascii(",\"values\":[");
  private static final byte[] HISTOGRAMS = JsonBytes.ascii(",\"histograms\":[");

  private final JsonBytes out;
  private JsonBytes.@Nullable Times times;

  ResultWriter(JsonBytes out) {
    this.out = out;
  }

  /** Writes {@code "resultType":…,"result":…} without braces; {@code limit} 0 = all. */
  void write(Data data, int limit) throws IOException {
    switch (data) {
      case Data.Scalar s -> {
        out.raw("\"resultType\":\"scalar\",\"result\":[");
        out.time(s.timeMs());
        out.raw(",\"");
        out.raw(GoFloat.toString(s.value(), GoFloat.Style.FIXED)); // never with an exponent
        out.raw("\"]");
      }
      case Data.Text t -> {
        out.raw("\"resultType\":\"string\",\"result\":[");
        out.time(t.timeMs());
        out.raw(',');
        out.text(t.value());
        out.raw(']');
      }
      case Data.Vector v -> {
        out.raw("\"resultType\":\"vector\",\"result\":[");
        int n = limit == 0 ? v.samples().size() : Math.min(limit, v.samples().size());
        for (int i = 0; i < n; i++) {
          separate(i);
          sample(v.samples().get(i));
        }
        out.raw(']');
      }
      case Data.Matrix m -> {
        out.raw("\"resultType\":\"matrix\",\"result\":[");
        int n = limit == 0 ? m.series().size() : Math.min(limit, m.series().size());
        for (int i = 0; i < n; i++) {
          separate(i);
          series(m.series().get(i));
        }
        out.raw(']');
      }
    }
  }

  private void separate(int i) throws IOException {
    if (i > 0) {
      out.raw(',');
    }
  }

  private void sample(VectorSample s) throws IOException {
    out.raw(METRIC);
    out.labels(s.labels());
    NativeHistogram h = s.histogram();
    out.raw(h == null ? VALUE : HISTOGRAM);
    out.time(s.timeMs());
    out.raw(',');
    if (h == null) {
      out.value(s.value());
    } else {
      HistogramJson.write(out, h);
    }
    out.raw(']');
    out.raw('}');
  }

  private void series(Series s) throws IOException {
    out.raw(METRIC);
    out.labels(s.labels());
    if (s.timesMs().length > 0) {
      out.raw(VALUES);
      points(s.timesMs(), s.values());
      out.raw(']');
    }
    if (s.histogramTimesMs().length > 0) {
      out.raw(HISTOGRAMS);
      for (int i = 0; i < s.histogramTimesMs().length; i++) {
        separate(i);
        out.raw('[');
        out.time(s.histogramTimesMs()[i]);
        out.raw(',');
        HistogramJson.write(out, s.histograms()[i]);
        out.raw(']');
      }
      out.raw(']');
    }
    out.raw('}');
  }

  private void points(long[] timesMs, double[] values) throws IOException {
    JsonBytes.Times known = times;
    int from = known == null ? -1 : known.find(timesMs);
    if (known == null || from < 0) {
      known = new JsonBytes.Times(timesMs);
      times = known;
      from = 0;
    }
    out.points(known, from, values);
  }

  /** Returns a value as the API writes it. */
  static String number(double value) {
    return GoFloat.toString(value, GoFloat.Style.JSON);
  }

  /** Returns a time as the API writes it. */
  static String time(long timeMs) {
    byte[] text = new byte[JsonBytes.MAX_TIME];
    int n = JsonBytes.time(text, 0, timeMs);
    return new String(text, 0, n, java.nio.charset.StandardCharsets.US_ASCII);
  }
}
