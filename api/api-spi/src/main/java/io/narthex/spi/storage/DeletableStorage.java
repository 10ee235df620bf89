package io.narthex.spi.storage;

import io.narthex.model.Matcher;
import java.util.List;
import org.osgi.annotation.versioning.ConsumerType;

/** A storage that can delete samples. */
@ConsumerType
public interface DeletableStorage extends Storage {
  /**
   * Hides the samples of matching series between the times, both inclusive, immediately and
   * permanently.
   */
  void delete(List<List<Matcher>> matcherSets, long minTimeMs, long maxTimeMs);

  /** Releases the disk space of deleted samples. */
  void cleanTombstones();
}
