package io.narthex.spi.storage;

import io.narthex.model.Exemplar;
import io.narthex.model.Labels;
import java.util.List;

/**
 * Exemplars of one series. Immutable.
 *
 * @param series labels of the series
 * @param exemplars in order of time, all with timestamps
 */
public record SeriesExemplars(Labels series, List<Exemplar> exemplars) {
  /** Copies the list. */
  public SeriesExemplars {
    exemplars = List.copyOf(exemplars);
  }
}
