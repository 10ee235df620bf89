package io.narthex.spi.storage;

import io.narthex.model.Matcher;
import java.util.List;
import org.osgi.annotation.versioning.ConsumerType;

/** A storage that can delete. */
@ConsumerType
public interface DeletableStorage extends Storage {
  /**
   * Hides the samples of matching series between the times, both inclusive, at once and for good.
   */
  void delete(List<List<Matcher>> matcherSets, long minTimeMs, long maxTimeMs);

  /** Frees the space of what has been deleted. */
  void cleanTombstones();
}
