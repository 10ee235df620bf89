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
  /** Room of one point: a time and a value with what stands around them. */
  private static final int POINT = GoFloat.MAX_LENGTH + 32;

  private static final int CHUNK = 2_048;

  private final JsonGenerator out;
  private final byte[] digits = new byte[GoFloat.MAX_LENGTH];
  private final char[] chunk = new char[CHUNK];

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
      out.writeFieldName("values");
      points(s.timesMs(), s.values());
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
    out.writeRawValue(chunk, 0, point(0, timeMs, value));
  }

  /** Writes an array of points, a chunk at a time: a result has millions of them. */
  private void points(long[] timesMs, double[] values) throws IOException {
    int n = 0;
    boolean begun = false;
    for (int i = 0; i < timesMs.length; i++) {
      chunk[n++] = i == 0 ? '[' : ',';
      n = point(n, timesMs[i], values[i]);
      if (n > CHUNK - POINT) {
        raw(n, begun);
        begun = true;
        n = 0;
      }
    }
    chunk[n++] = ']';
    raw(n, begun);
  }

  private void raw(int length, boolean begun) throws IOException {
    if (begun) {
      out.writeRaw(chunk, 0, length);
    } else {
      out.writeRawValue(chunk, 0, length);
    }
  }

  /** Puts a point into the chunk; returns the place after it. */
  private int point(int at, long timeMs, double value) {
    int n = at;
    chunk[n++] = '[';
    n = time(n, timeMs);
    chunk[n++] = ',';
    chunk[n++] = '"';
    int length = GoFloat.write(digits, 0, value, GoFloat.Style.JSON);
    for (int i = 0; i < length; i++) {
      chunk[n++] = (char) digits[i];
    }
    chunk[n++] = '"';
    chunk[n++] = ']';
    return n;
  }

  private void point(long timeMs, NativeHistogram h) throws IOException {
    out.writeStartArray();
    time(timeMs);
    HistogramJson.write(out, h);
    out.writeEndArray();
  }

  /** Writes a time as seconds with up to three decimals. */
  void time(long timeMs) throws IOException {
    out.writeRawValue(chunk, 0, time(0, timeMs));
  }

  /** Puts a time into the chunk; returns the place after it. */
  private int time(int at, long timeMs) {
    int n = at;
    if (timeMs < 0) {
      chunk[n++] = '-';
    }
    long seconds = Math.abs(timeMs / 1000);
    int fraction = (int) Math.abs(timeMs % 1000);
    int count = 1;
    for (long rest = seconds; rest >= 10; rest /= 10) {
      count++;
    }
    long rest = seconds;
    for (int i = n + count - 1; i >= n; i--) {
      chunk[i] = (char) ('0' + rest % 10);
      rest /= 10;
    }
    n += count;
    if (fraction > 0) {
      chunk[n++] = '.';
      chunk[n++] = (char) ('0' + fraction / 100);
      chunk[n++] = (char) ('0' + fraction / 10 % 10);
      chunk[n++] = (char) ('0' + fraction % 10);
    }
    return n;
  }

  /** Returns a value as the API writes it. */
  static String number(double value) {
    return GoFloat.toString(value, GoFloat.Style.JSON);
  }
}
