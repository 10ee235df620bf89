package io.narthex.query.bench;

import io.narthex.model.Labels;
import io.narthex.spi.storage.SampleTile;
import io.narthex.spi.storage.SeriesCursor;
import java.util.List;

/** Reads the series that a select found. */
final class BenchCursor implements SeriesCursor {
  private final List<BenchSeries.Part> parts;
  private int current = -1;
  private int row;

  BenchCursor(List<BenchSeries.Part> parts) {
    this.parts = parts;
  }

  @Override
  public boolean nextSeries() {
    if (++current >= parts.size()) {
      return false;
    }
    row = parts.get(current).from();
    return true;
  }

  @Override
  public Labels labels() {
    return parts.get(current).labels();
  }

  @Override
  public boolean nextTile(SampleTile tile) {
    row = parts.get(current).fill(tile, row);
    return tile.size > 0;
  }

  @Override
  public void close() {}
}
