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
 * <p>A write or a force that fails leaves nothing of what was refused, and costs nothing of what
 * was acknowledged before: what has been written since the last successful force is kept in memory,
 * and written again to a new segment. Until that is done, no write succeeds. Each write, and each
 * run of the task that forces, tries again.
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

  /** Bytes that are kept for the case that forcing them fails; more are forced early. */
  long MAX_UNFORCED = Math.min(64L << 20, Runtime.getRuntime().maxMemory() / 16);

  /** Collects a series, which is written with its first row at the latest. */
  void series(int id, Labels labels);

  /** Writes what has been collected if that is much; for records that nothing waits for. */
  void writeIfLarge();

  /**
   * Collects the rows of a batch that are accepted or {@link #OUT_OF_ORDER}, and the exemplars that
   * are {@link #TAKEN}; those of several batches are written together. Returns whether there are
   * any. After an exception {@link #forget} is due.
   */
  boolean batch(SampleBatch batch, long referenceBase, byte[] codes, byte[] exemplarCodes);

  /** Drops the batches that are collected and not written. */
  void forget();

  /** Collects deleted ranges. */
  void tombstones(TombstoneMap deleted);

  /**
   * Writes what has been collected.
   *
   * @param force whether it is forced to the disk, too
   * @throws StorageException.Failed when that is not possible; nothing of it is in the WAL then
   */
  void write(boolean force);

  /**
   * Forces what has been written to the disk. May run alongside the other methods.
   *
   * @throws StorageException.Failed when that is not possible; {@link #repair} is due then
   */
  void sync();

  /** Returns whether nothing can be written before {@link #repair} succeeds. */
  boolean isBroken();

  /**
   * Continues in a new segment after a failure; does nothing when there was none.
   *
   * @throws StorageException.Failed when that is not possible yet
   */
  void repair();

  /**
   * Ends the current segment and begins the next. Returns its number.
   *
   * @throws StorageException.Failed when that is not possible; the current one is written on then,
   *     unless it {@link #isBroken}
   */
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

  /**
   * Forces what has been written, and closes.
   *
   * @throws StorageException.Failed when it could not be forced; the file is closed all the same
   */
  @Override
  void close();

  /** Closes the file as the end of a process would: nothing is forced. */
  void abandon();
}
