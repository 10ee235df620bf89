package io.narthex.testkit.storage;

import io.narthex.model.Labels;
import io.narthex.model.Matcher;
import io.narthex.model.NativeHistogram;
import io.narthex.spi.storage.SampleTile;
import io.narthex.spi.storage.SelectRequest;
import io.narthex.spi.storage.SeriesCursor;
import io.narthex.spi.storage.Storage;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A series as read from a storage, for comparison in tests.
 *
 * @param labels its labels
 * @param samples in order of time
 */
public record StoredSeries(Labels labels, List<Sample> samples) {
  /** Copies the list. */
  public StoredSeries {
    samples = List.copyOf(samples);
  }

  /**
   * A sample; values are compared bit by bit.
   *
   * @param timeMs epoch milliseconds
   * @param value of a float sample, else 0
   * @param histogram of a histogram sample, else null
   * @param startTimeMs 0 = unknown
   */
  public record Sample(
      long timeMs, double value, @Nullable NativeHistogram histogram, long startTimeMs) {
    @Override
    public boolean equals(@Nullable Object o) {
      return o instanceof Sample s
          && timeMs == s.timeMs
          && startTimeMs == s.startTimeMs
          && Double.doubleToRawLongBits(value) == Double.doubleToRawLongBits(s.value)
          && Objects.equals(histogram, s.histogram);
    }

    @Override
    public int hashCode() {
      return Objects.hash(timeMs, startTimeMs, Double.doubleToRawLongBits(value), histogram);
    }

    @Override
    public String toString() {
      String what =
          histogram != null
              ? histogram.toString()
              : value + "/" + Long.toHexString(Double.doubleToRawLongBits(value));
      return what + "@" + timeMs + (startTimeMs == 0 ? "" : " from " + startTimeMs);
    }
  }

  /** Returns a series of floats from time, value, time, value, … */
  public static StoredSeries floats(Labels labels, Object... timesAndValues) {
    return of(labels, timesAndValues);
  }

  /** Returns a series from time, number or histogram, time, … */
  public static StoredSeries of(Labels labels, Object... timesAndValues) {
    List<Sample> list = new ArrayList<>();
    for (int i = 0; i < timesAndValues.length; i += 2) {
      long time = ((Number) timesAndValues[i]).longValue();
      Object v = timesAndValues[i + 1];
      list.add(
          v instanceof NativeHistogram h
              ? new Sample(time, 0, h, 0)
              : new Sample(time, ((Number) v).doubleValue(), null, 0));
    }
    return new StoredSeries(labels, list);
  }

  /** Selects with tiles of {@code capacity} rows; start times wanted. */
  public static List<StoredSeries> select(
      Storage storage, int capacity, long minTimeMs, long maxTimeMs, Matcher... matchers) {
    List<StoredSeries> out = new ArrayList<>();
    SelectRequest request =
        new SelectRequest(
            List.of(matchers), minTimeMs, maxTimeMs, new SelectRequest.Hints("", 0, 0, true));
    try (SeriesCursor cursor = storage.select(request)) {
      while (cursor.nextSeries()) {
        out.add(read(cursor, capacity));
      }
    }
    return out;
  }

  /** Reads the rest of the current series with tiles of {@code capacity} rows. */
  public static StoredSeries read(SeriesCursor cursor, int capacity) {
    List<Sample> samples = new ArrayList<>();
    SampleTile tile = new SampleTile(capacity);
    while (cursor.nextTile(tile)) {
      if (tile.size < 1 || tile.size > capacity) {
        throw new AssertionError("tile: size is " + tile.size + " of " + capacity);
      }
      for (int i = 0; i < tile.size; i++) {
        boolean isFloat = tile.kind == SampleTile.Kind.FLOAT;
        samples.add(
            new Sample(
                tile.timesMs[i],
                isFloat ? tile.values[i] : 0,
                isFloat ? null : Objects.requireNonNull(tile.histograms[i], "histogram"),
                tile.startTimesMs[i]));
      }
    }
    if (tile.size != 0) {
      throw new AssertionError("tile: not empty at the end");
    }
    for (int i = 1; i < samples.size(); i++) {
      if (samples.get(i - 1).timeMs() >= samples.get(i).timeMs()) {
        throw new AssertionError("samples not in order: " + samples);
      }
    }
    return new StoredSeries(cursor.labels(), samples);
  }
}
