package io.narthex.spi.storage;

import io.narthex.model.Labels;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * Walks over the selected series in label order, and over the samples of each in order of time.
 * Confined to one thread at a time. What it reads stays readable until it is closed, whatever the
 * storage compacts or deletes meanwhile.
 */
@ConsumerType
public interface SeriesCursor extends AutoCloseable {
  /**
   * Moves to the next series.
   *
   * @return false at the end
   */
  boolean nextSeries();

  /** Returns the labels of the present series. */
  Labels labels();

  /**
   * Fills {@code tile} with the next samples of the present series; all of one kind. A series that
   * holds floats and histograms comes as tiles of alternating kind.
   *
   * @param tile owned by the caller; its size is set, content beyond is undefined
   * @return false when the series has no more samples in range; the tile is empty then
   */
  boolean nextTile(SampleTile tile);

  /** Frees what the cursor holds. Idempotent. */
  @Override
  void close();
}
