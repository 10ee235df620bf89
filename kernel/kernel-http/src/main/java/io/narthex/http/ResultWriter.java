package io.narthex.http;

import com.fasterxml.jackson.core.JsonGenerator;
import io.narthex.format.number.GoFloat;
import io.narthex.model.NativeHistogram;
import io.narthex.service.query.QueryResult.Data;
import io.narthex.service.query.QueryResult.Series;
import io.narthex.service.query.QueryResult.VectorSample;
import java.io.IOException;

/** Writes query results as the Prometheus API shows them. Times are seconds, values texts. */
final class ResultWriter {
  private final JsonGenerator out;
  private final StringBuilder text = new StringBuilder(32);

  ResultWriter(JsonGenerator out) {
    this.out = out;
  }

  /** Writes {@code "resultType":…,"result":…} into the open object; {@code limit} 0 = all. */
  void write(Data data, int limit) throws IOException {
    switch (data) {
      case Data.Scalar s -> {
        out.writeStringField("resultType", "scalar");
        out.writeFieldName("result");
        point(s.timeMs(), s.value());
      }
      case Data.Text t -> {
        out.writeStringField("resultType", "string");
        out.writeFieldName("result");
        out.writeStartArray();
        time(t.timeMs());
        out.writeString(t.value());
        out.writeEndArray();
      }
      case Data.Vector v -> {
        out.writeStringField("resultType", "vector");
        out.writeArrayFieldStart("result");
        int n = limit == 0 ? v.samples().size() : Math.min(limit, v.samples().size());
        for (int i = 0; i < n; i++) {
          sample(v.samples().get(i));
        }
        out.writeEndArray();
      }
      case Data.Matrix m -> {
        out.writeStringField("resultType", "matrix");
        out.writeArrayFieldStart("result");
        int n = limit == 0 ? m.series().size() : Math.min(limit, m.series().size());
        for (int i = 0; i < n; i++) {
          series(m.series().get(i));
        }
        out.writeEndArray();
      }
    }
  }

  private void sample(VectorSample s) throws IOException {
    out.writeStartObject();
    out.writeFieldName("metric");
    Api.labels(out, s.labels());
    NativeHistogram h = s.histogram();
    if (h == null) {
      out.writeFieldName("value");
      point(s.timeMs(), s.value());
    } else {
      out.writeFieldName("histogram");
      point(s.timeMs(), h);
    }
    out.writeEndObject();
  }

  private void series(Series s) throws IOException {
    out.writeStartObject();
    out.writeFieldName("metric");
    Api.labels(out, s.labels());
    if (s.timesMs().length > 0) {
      out.writeArrayFieldStart("values");
      for (int i = 0; i < s.timesMs().length; i++) {
        point(s.timesMs()[i], s.values()[i]);
      }
      out.writeEndArray();
    }
    if (s.histogramTimesMs().length > 0) {
      out.writeArrayFieldStart("histograms");
      for (int i = 0; i < s.histogramTimesMs().length; i++) {
        point(s.histogramTimesMs()[i], s.histograms()[i]);
      }
      out.writeEndArray();
    }
    out.writeEndObject();
  }

  private void point(long timeMs, double value) throws IOException {
    out.writeStartArray();
    time(timeMs);
    out.writeString(number(value));
    out.writeEndArray();
  }

  private void point(long timeMs, NativeHistogram h) throws IOException {
    out.writeStartArray();
    time(timeMs);
    HistogramJson.write(out, h);
    out.writeEndArray();
  }

  /** Writes a time as seconds with up to three decimals. */
  void time(long timeMs) throws IOException {
    text.setLength(0);
    long t = timeMs;
    if (t < 0) {
      text.append('-');
      t = -t;
    }
    text.append(t / 1000);
    int fraction = (int) (t % 1000);
    if (fraction > 0) {
      text.append('.')
          .append((char) ('0' + fraction / 100))
          .append((char) ('0' + fraction / 10 % 10))
          .append((char) ('0' + fraction % 10));
    }
    out.writeNumber(text.toString());
  }

  /** Returns a value as the API writes it. */
  static String number(double value) {
    return GoFloat.toString(value, GoFloat.Style.JSON);
  }
}
