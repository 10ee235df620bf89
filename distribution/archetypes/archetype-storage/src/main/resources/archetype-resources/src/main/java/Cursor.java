package ${package};

import io.narthex.model.Labels;
import io.narthex.spi.storage.SampleTile;
import io.narthex.spi.storage.SeriesCursor;
import java.util.List;

/** Iterates over views that were taken at one moment. */
final class Cursor implements SeriesCursor {
  private final List<Series.View> views;
  private int next;
  private Series.View view;
  private int row;

  Cursor(List<Series.View> views) {
    this.views = views;
  }

  @Override
  public boolean nextSeries() {
    view = next < views.size() ? views.get(next++) : null;
    row = view == null ? 0 : view.from();
    return view != null;
  }

  @Override
  public Labels labels() {
    return view.labels();
  }

  /** Fills the reader's arrays with the next samples of one kind. */
  @Override
  public boolean nextTile(SampleTile tile) {
    tile.size = 0;
    if (view == null || row >= view.to()) {
      return false;
    }
    boolean histograms = view.histograms()[row] != null;
    tile.kind = histograms ? SampleTile.Kind.HISTOGRAM : SampleTile.Kind.FLOAT;
    int n = 0;
    for (; n < tile.capacity() && row < view.to(); n++, row++) {
      if ((view.histograms()[row] != null) != histograms) {
        break;
      }
      tile.timesMs[n] = view.times()[row];
      tile.startTimesMs[n] = view.startTimes()[row];
      if (histograms) {
        tile.histograms[n] = view.histograms()[row];
      } else {
        tile.values[n] = view.values()[row];
      }
    }
    tile.size = n;
    return true;
  }

  @Override
  public void close() {
    next = views.size();
    view = null;
  }
}
