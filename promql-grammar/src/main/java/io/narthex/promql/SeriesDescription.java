package io.narthex.promql;

import io.narthex.model.Labels;
import io.narthex.model.NativeHistogram;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One line of a test script: a series and its points, {@code up{job="a"} 1 2 3+1x4 _ stale}.
 *
 * @param labels the series
 * @param points one entry per position, in order
 */
public record SeriesDescription(Labels labels, List<Point> points) {
  /** Copies the list. */
  public SeriesDescription {
    points = List.copyOf(points);
  }

  /**
   * What stands at one position.
   *
   * @param omitted whether there is no sample
   * @param value the value of a float sample; the staleness marker for {@code stale}
   * @param histogram the value of a histogram sample, else null
   */
  public record Point(boolean omitted, double value, @Nullable NativeHistogram histogram) {
    /** No sample. */
    public static final Point NONE = new Point(true, 0, null);

    /** Returns a float sample. */
    public static Point of(double value) {
      return new Point(false, value, null);
    }

    /** Returns a histogram sample. */
    public static Point of(NativeHistogram histogram) {
      return new Point(false, 0, histogram);
    }
  }

  /**
   * Reads a line.
   *
   * @throws ParseException when it is malformed
   */
  public static SeriesDescription parse(String line) throws ParseException {
    return new SeriesReader(line).read();
  }
}
