package io.narthex.storage.memory;

import io.narthex.model.Labels;
import io.narthex.model.NativeHistogram;
import io.narthex.spi.storage.SampleTile;
import io.narthex.spi.storage.SeriesCursor;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Iterates over views that were taken at one moment. */
final class MemoryCursor implements SeriesCursor {
  private final List<MemorySeries.View> views;
  private int next;
  private MemorySeries.@Nullable View view;
  private int row;

  MemoryCursor(List<MemorySeries.View> views) {
    this.views = views;
  }

  @Override
  public boolean nextSeries() {
    if (next >= views.size()) {
      view = null;
      return false;
    }
    view = views.get(next++);
    row = view.from();
    return true;
  }

  @Override
  public Labels labels() {
    if (view == null) {
      throw new IllegalStateException("cursor: not on a series; call nextSeries first");
    }
    return view.labels();
  }

  @Override
  public boolean nextTile(SampleTile tile) {
    tile.size = 0;
    MemorySeries.View v = view;
    if (v == null || row >= v.to()) {
      return false;
    }
    boolean isHistogram = histogram(v, row) != null;
    tile.kind = isHistogram ? SampleTile.Kind.HISTOGRAM : SampleTile.Kind.FLOAT;
    int n = 0;
    while (n < tile.capacity() && row < v.to()) {
      NativeHistogram h = histogram(v, row);
      if ((h != null) != isHistogram) {
        break;
      }
      tile.timesMs[n] = v.timesMs()[row];
      if (h != null) {
        tile.histograms[n] = h;
      } else {
        tile.values[n] = v.values()[row];
      }
      tile.startTimesMs[n] = v.startTimesMs() == null ? 0 : v.startTimesMs()[row];
      n++;
      row++;
    }
    tile.size = n;
    return true;
  }

  private static @Nullable NativeHistogram histogram(MemorySeries.View v, int row) {
    return v.histograms() == null ? null : v.histograms()[row];
  }

  @Override
  public void close() {
    next = views.size();
    view = null;
  }
}
