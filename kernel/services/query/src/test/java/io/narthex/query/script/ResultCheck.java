package io.narthex.query.script;

import io.narthex.model.Labels;
import io.narthex.model.NativeHistogram;
import io.narthex.model.NativeHistogram.ResetHint;
import io.narthex.model.StaleMarker;
import io.narthex.promql.HistogramText;
import io.narthex.promql.SeriesDescription;
import io.narthex.promql.SeriesDescription.Point;
import io.narthex.query.script.ScriptCommand.Eval;
import io.narthex.query.script.ScriptCommand.Expectation;
import io.narthex.query.script.ScriptCommand.Expectation.Kind;
import io.narthex.service.query.QueryResult;
import io.narthex.service.query.QueryResult.Series;
import io.narthex.service.query.QueryResult.VectorSample;
import io.narthex.text.re2.Re2;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Compares what a query gives with what a script expects. All methods return null if all is well.
 */
final class ResultCheck {
  private static final double TOLERANCE = 1e-6;

  private ResultCheck() {}

  /* values */

  static boolean same(double a, double b) {
    if (StaleMarker.is(a) || StaleMarker.is(b)) {
      return StaleMarker.is(a) && StaleMarker.is(b);
    }
    if (Double.isNaN(a) || Double.isNaN(b)) {
      return Double.isNaN(a) && Double.isNaN(b);
    }
    if (a == b) {
      return true;
    }
    double sum = Math.abs(a) + Math.abs(b);
    double d = Math.abs(a - b);
    if (a == 0 || b == 0 || sum < Double.MIN_NORMAL) {
      return d < TOLERANCE * Double.MIN_NORMAL;
    }
    return d / Math.min(sum, Double.MAX_VALUE) < TOLERANCE;
  }

  static boolean same(NativeHistogram want, NativeHistogram got) {
    return want.schema() == got.schema()
        && Arrays.equals(want.customBounds(), got.customBounds())
        && want.zeroThreshold() == got.zeroThreshold()
        && same(want.count(), got.count())
        && same(want.sum(), got.sum())
        && same(want.zeroCount(), got.zeroCount())
        && (want.resetHint() == ResetHint.UNKNOWN || want.resetHint() == got.resetHint())
        && same(
            buckets(want.positiveSpans(), want.positiveBuckets()),
            buckets(got.positiveSpans(), got.positiveBuckets()))
        && same(
            buckets(want.negativeSpans(), want.negativeBuckets()),
            buckets(got.negativeSpans(), got.negativeBuckets()));
  }

  private static boolean same(Map<Integer, Double> a, Map<Integer, Double> b) {
    if (!a.keySet().equals(b.keySet())) {
      return false;
    }
    for (Map.Entry<Integer, Double> e : a.entrySet()) {
      if (!same(e.getValue(), b.getOrDefault(e.getKey(), 0.0))) {
        return false;
      }
    }
    return true;
  }

  private static Map<Integer, Double> buckets(int[] spans, double[] counts) {
    Map<Integer, Double> out = new TreeMap<>();
    int index = 0;
    int n = 0;
    for (int s = 0; s < spans.length; s += 2) {
      index += spans[s];
      for (int k = 0; k < spans[s + 1]; k++) {
        if (counts[n] != 0) {
          out.put(index, counts[n]);
        }
        index++;
        n++;
      }
    }
    return out;
  }

  private static @Nullable String differs(
      Labels labels, Point want, double value, @Nullable NativeHistogram histogram) {
    NativeHistogram w = want.histogram();
    if ((w == null) != (histogram == null)) {
      return labels
          + ": expected "
          + (w == null ? want.value() : HistogramText.write(w))
          + ", got "
          + (histogram == null ? value : HistogramText.write(histogram));
    }
    if (w != null && histogram != null) {
      return same(w, histogram)
          ? null
          : labels
              + ": expected "
              + HistogramText.write(w)
              + ", got "
              + HistogramText.write(histogram);
    }
    return same(want.value(), value)
        ? null
        : labels + ": expected " + want.value() + ", got " + value;
  }

  /* results */

  static @Nullable String vector(
      List<SeriesDescription> want, List<VectorSample> got, boolean ordered) {
    Set<Labels> seen = new HashSet<>();
    for (VectorSample s : got) {
      if (!seen.add(s.labels())) {
        return "duplicate element " + s.labels();
      }
    }
    Map<Labels, Integer> places = new HashMap<>();
    for (int i = 0; i < got.size(); i++) {
      places.put(got.get(i).labels(), i);
    }
    for (int i = 0; i < want.size(); i++) {
      SeriesDescription w = want.get(i);
      Integer place = places.get(w.labels());
      if (place == null) {
        return "expected element " + w.labels() + ", got " + labels(got);
      }
      if (ordered && place != i) {
        return "expected " + w.labels() + " at place " + i + ", got it at " + place;
      }
      VectorSample s = got.get(place);
      String d = differs(w.labels(), w.points().get(0), s.value(), s.histogram());
      if (d != null) {
        return d;
      }
    }
    if (got.size() != want.size()) {
      return "expected " + want.size() + " elements, got " + labels(got);
    }
    return null;
  }

  private static String labels(List<VectorSample> got) {
    return got.stream().map(s -> s.labels() + "=" + s.value()).limit(8).toList().toString();
  }

  static @Nullable String matrix(Eval e, List<Series> got, long startMs, long stepMs) {
    if (e.ordered) {
      return "expected an order, got a range vector, which has none";
    }
    List<SeriesDescription> want = e.results;
    String unsorted = unsorted(got);
    if (unsorted != null) {
      return unsorted;
    }
    Map<Labels, Series> byLabels = new HashMap<>();
    for (Series s : got) {
      byLabels.put(s.labels(), s);
    }
    if (byLabels.size() != got.size()) {
      return "duplicate series";
    }
    for (SeriesDescription w : want) {
      Series s = byLabels.get(w.labels());
      if (s == null) {
        return "expected series "
            + w.labels()
            + ", got "
            + got.stream().map(x -> x.labels().toString()).limit(8).toList();
      }
      String d = series(w, s, startMs, stepMs);
      if (d != null) {
        return d;
      }
    }
    return want.size() == got.size()
        ? null
        : "expected "
            + want.size()
            + " series, got "
            + got.stream().map(x -> x.labels().toString()).limit(8).toList();
  }

  static @Nullable String unsorted(List<Series> got) {
    for (int i = 1; i < got.size(); i++) {
      if (got.get(i - 1).labels().compareTo(got.get(i).labels()) > 0) {
        return "series are not sorted";
      }
    }
    return null;
  }

  private static @Nullable String series(
      SeriesDescription want, Series got, long startMs, long stepMs) {
    int f = 0;
    int h = 0;
    for (int i = 0; i < want.points().size(); i++) {
      Point p = want.points().get(i);
      long t = startMs + i * stepMs;
      boolean hasFloat = f < got.timesMs().length && got.timesMs()[f] == t;
      boolean hasHist = h < got.histogramTimesMs().length && got.histogramTimesMs()[h] == t;
      if (p.omitted()) {
        if (hasFloat || hasHist) {
          return want.labels()
              + ": expected no point at "
              + t
              + ", got "
              + (hasFloat ? got.values()[f] : HistogramText.write(got.histograms()[h]));
        }
        continue;
      }
      if (!hasFloat && !hasHist) {
        return want.labels() + ": no point at " + t + "; " + Arrays.toString(got.timesMs());
      }
      String d =
          hasFloat
              ? differs(want.labels(), p, got.values()[f++], null)
              : differs(want.labels(), p, 0, got.histograms()[h++]);
      if (d != null) {
        return d + " at " + t;
      }
    }
    if (f != got.timesMs().length || h != got.histogramTimesMs().length) {
      return want.labels()
          + ": more points than expected: "
          + Arrays.toString(got.timesMs())
          + Arrays.toString(got.values())
          + Arrays.toString(got.histogramTimesMs());
    }
    return null;
  }

  /* annotations and errors */

  static @Nullable String annotations(Eval e, QueryResult r) {
    String w = annotations(e, Kind.WARN, Kind.NO_WARN, r.warnings());
    return w != null ? w : annotations(e, Kind.INFO, Kind.NO_INFO, r.infos());
  }

  private static @Nullable String annotations(Eval e, Kind kind, Kind none, List<String> got) {
    if (e.expects(none) && !got.isEmpty()) {
      return "expected " + none + ", got " + got;
    }
    List<Expectation> wanted = new ArrayList<>();
    for (Expectation x : e.expectations) {
      if (x.kind() == kind) {
        wanted.add(x);
      }
    }
    if (wanted.isEmpty()) {
      return null;
    }
    for (Expectation x : wanted) {
      if (got.stream().noneMatch(g -> matches(x, g))) {
        return "expected " + kind + " " + x.text() + ", got " + got;
      }
    }
    for (String g : got) {
      if (wanted.stream().noneMatch(x -> matches(x, g))) {
        return "unexpected " + kind + " " + g;
      }
    }
    return null;
  }

  static boolean matches(Expectation x, String text) {
    return switch (x.match()) {
      case ANY -> true;
      case MESSAGE -> x.text().equals(text);
      case REGEX -> Re2.compile("(?s:.*)(?:" + x.text() + ")(?s:.*)").matches(text);
    };
  }
}
