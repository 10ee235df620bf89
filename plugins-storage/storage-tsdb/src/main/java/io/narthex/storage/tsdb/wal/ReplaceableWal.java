package io.narthex.storage.tsdb.wal;

import io.narthex.model.Labels;
import io.narthex.spi.storage.SampleBatch;
import io.narthex.storage.tsdb.tombstones.TombstoneMap;
import java.nio.file.Path;

/**
 * A WAL that another one can take the place of, under the append lock. What runs without the lock
 * may meet the one before a last time, of which everything has been forced by then.
 */
public final class ReplaceableWal implements WriteAheadLog {
  private volatile WriteAheadLog current;

  public ReplaceableWal(WriteAheadLog first) {
    current = first;
  }

  public WriteAheadLog current() {
    return current;
  }

  public void replace(WriteAheadLog next) {
    current = next;
  }

  @Override
  public void series(int id, Labels labels) {
    current.series(id, labels);
  }

  @Override
  public void writeIfLarge() {
    current.writeIfLarge();
  }

  @Override
  public boolean batch(SampleBatch batch, long referenceBase, byte[] codes, byte[] exemplarCodes) {
    return current.batch(batch, referenceBase, codes, exemplarCodes);
  }

  @Override
  public void forget() {
    current.forget();
  }

  @Override
  public void tombstones(TombstoneMap deleted) {
    current.tombstones(deleted);
  }

  @Override
  public void write(boolean force) {
    current.write(force);
  }

  @Override
  public void sync() {
    current.sync();
  }

  @Override
  public boolean isBroken() {
    return current.isBroken();
  }

  @Override
  public void repair() {
    current.repair();
  }

  @Override
  public int cut() {
    return current.cut();
  }

  @Override
  public int segment() {
    return current.segment();
  }

  @Override
  public Path path(int number) {
    return current.path(number);
  }

  @Override
  public long bytesOnDisk() {
    return current.bytesOnDisk();
  }

  @Override
  public void checkpointBegun() {
    current.checkpointBegun();
  }

  @Override
  public void checkpointWritten(long bytes) {
    current.checkpointWritten(bytes);
  }

  @Override
  public boolean checkpointDue() {
    return current.checkpointDue();
  }

  @Override
  public void deleteBelow(int number) {
    current.deleteBelow(number);
  }

  @Override
  public void close() {
    current.close();
  }

  @Override
  public void abandon() {
    current.abandon();
  }
}
