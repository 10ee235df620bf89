package io.narthex.spi.storage;

import io.narthex.model.Labels;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * Iterates over the selected series in label order, and over the samples of each in order of time.
 * Confined to one thread at a time. Its data stay readable until it is closed, whatever the storage
 * compacts or deletes meanwhile.
 *
 * <p>Example, a caller that sums all samples of each series:
 *
 * <pre>{@code
 * SampleTile tile = new SampleTile(2); // usually some hundred rows, reused for all series
 * try (SeriesCursor cursor = selected) {
 *   while (cursor.nextSeries()) {
 *     double sum = 0;
 *     while (cursor.nextTile(tile)) {
 *       for (int row = 0; row < tile.size; row++) {
 *         sum +=
 *             tile.kind == SampleTile.Kind.FLOAT ? tile.values[row] : tile.histograms[row].sum();
 *       }
 *     }
 *     sums.put(cursor.labels(), sum);
 *   }
 * }
 * }</pre>
 */
@ConsumerType
public interface SeriesCursor extends AutoCloseable {
  /**
   * Moves to the next series; samples of the current one that were not read are skipped.
   *
   * @return false at the end
   */
  boolean nextSeries();

  /** Returns the labels of the current series. */
  Labels labels();

  /**
   * Fills {@code tile} with the next samples of the current series, all of one kind. A series with
   * floats and histograms gives tiles of alternating kind.
   *
   * @param tile owned by the caller; its size is set, rows beyond are undefined
   * @return false when the series has no more samples in range; the tile is empty then
   */
  boolean nextTile(SampleTile tile);

  /** Releases all resources. Idempotent. */
  @Override
  void close();
}
