package io.narthex.storage.tsdb.wal;

import io.narthex.model.Labels;
import io.narthex.spi.storage.SampleBatch;
import io.narthex.spi.storage.StorageException;
import io.narthex.storage.tsdb.tombstones.TombstoneMap;
import java.nio.file.Path;

/**
 * What is not in a block yet, on the disk: numbered segments of records.
 *
 * <p>Records are collected in memory and written with one call by {@link #write}; only then may
 * their content become visible.
 *
 * <p>Concurrency: all methods but {@link #sync} and the counters are called under the head's append
 * lock.
 */
public interface WriteAheadLog extends AutoCloseable {
  /** The sample is there already: nothing to do. */
  byte KNOWN = -1;

  /** The sample is older than the newest of its series and kept apart. */
  byte OUT_OF_ORDER = -2;

  /** The exemplar is kept, and so has to be logged. */
  byte TAKEN = 0;

  /** Collects a series, which is written with its first row at the latest. */
  void series(int id, Labels labels);

  /**
   * Collects the rows of a batch that are accepted or {@link #OUT_OF_ORDER}, and the exemplars that
   * are {@link #TAKEN}. Returns whether there are any.
   */
  boolean batch(SampleBatch batch, long referenceBase, byte[] codes, byte[] exemplarCodes);

  /** Collects deleted ranges. */
  void tombstones(TombstoneMap deleted);

  /**
   * Writes what has been collected.
   *
   * @param force whether it is forced to the disk, too
   * @throws StorageException.Failed when that is not possible; nothing of it is in the WAL then
   */
  void write(boolean force);

  /** Forces what has been written to the disk. May run alongside the other methods. */
  void sync();

  /** Ends the current segment and begins the next. Returns its number. */
  int cut();

  int segment();

  Path path(int number);

  long bytesOnDisk();

  /** Resets the count of what a checkpoint would replace. */
  void checkpointBegun();

  /** Accounts for a checkpoint that was written. */
  void checkpointWritten(long bytes);

  /** Returns whether enough has been logged for a checkpoint to pay. */
  boolean checkpointDue();

  /** Deletes segments and checkpoints with numbers below {@code number}. */
  void deleteBelow(int number);

  @Override
  void close();
}
