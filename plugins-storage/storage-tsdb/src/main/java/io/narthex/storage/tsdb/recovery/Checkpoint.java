package io.narthex.storage.tsdb.recovery;

import io.narthex.spi.storage.SelectMemory;
import io.narthex.spi.storage.StorageException;
import io.narthex.storage.tsdb.chunks.ChunkCodec;
import io.narthex.storage.tsdb.chunks.ChunkRows;
import io.narthex.storage.tsdb.frames.Frame;
import io.narthex.storage.tsdb.head.ExemplarRing;
import io.narthex.storage.tsdb.head.Head;
import io.narthex.storage.tsdb.head.HeadIndex;
import io.narthex.storage.tsdb.head.HeadSource;
import io.narthex.storage.tsdb.head.OutOfOrderSamples;
import io.narthex.storage.tsdb.head.OutOfOrderSource;
import io.narthex.storage.tsdb.head.SeriesPage;
import io.narthex.storage.tsdb.io.ByteSink;
import io.narthex.storage.tsdb.io.Disk;
import io.narthex.storage.tsdb.select.SeriesSource;
import io.narthex.storage.tsdb.tombstones.TombstoneRecord;
import io.narthex.storage.tsdb.wal.BatchRecord;
import io.narthex.storage.tsdb.wal.SeriesRecord;
import io.narthex.storage.tsdb.wal.Wal;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.roaringbitmap.RoaringBitmap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes what the head holds into a file that replaces all WAL segments with lower numbers.
 *
 * <p>It need not show one moment: it is begun after a new segment, and what it holds beyond that
 * moment is read again from the WAL and skipped, because samples of a series only ever become
 * newer.
 *
 * <pre>
 * records, framed as in the WAL:
 * HEAD       zigzag oldest time still taken, varint next id
 * SERIES     as in the WAL
 * ROWS       varint id, chunk with base 0
 * OUT_OF_ORDER_ROWS  the same
 * TOMBSTONES see TombstoneRecord
 * EXEMPLAR   as in a batch
 * END        varint series
 * </pre>
 */
public final class Checkpoint {
  private static final Logger log = LoggerFactory.getLogger(Checkpoint.class);
  static final int HEAD = 10;
  public static final int ROWS = 11;
  static final int OUT_OF_ORDER_ROWS = 12;
  static final int EXEMPLAR = 13;
  static final int END = 14;

  static final String TEMPORARY = ".tmp";

  private final Disk disk;
  private final Head head;
  private final BooleanSupplier stop;
  private final Path target;
  private final Path temporary;
  private final ChunkCodec codec = new ChunkCodec();
  private final ChunkRows collected = new ChunkRows();

  private Checkpoint(Disk disk, Head head, Path target, BooleanSupplier stop) {
    this.disk = disk;
    this.head = head;
    this.stop = stop;
    this.target = target;
    temporary = target.resolveSibling(target.getFileName() + TEMPORARY);
  }

  /**
   * Writes the checkpoint that replaces the segments below {@code segment}, and reads it back: what
   * it replaces is deleted next.
   *
   * @param framed whether in format 2
   * @param stop asked at each page of series whether to give up
   * @return its size, or -1 when it was given up
   */
  public static long write(
      Disk disk, Head head, Path directory, int segment, boolean framed, BooleanSupplier stop) {
    String name =
        framed ? Frame.Kind.CHECKPOINT.fileName(segment) : Wal.name(segment, Wal.CHECKPOINT_SUFFIX);
    Checkpoint checkpoint = new Checkpoint(disk, head, directory.resolve(name), stop);
    try (CheckpointFile file =
        framed
            ? new FramedCheckpointFile(disk, checkpoint.temporary, segment)
            : new LogCheckpointFile(disk, checkpoint.temporary)) {
      long size = checkpoint.write(file);
      if (size >= 0) {
        disk.rename(checkpoint.temporary, checkpoint.target);
        disk.forceDirectory(directory);
      }
      return size;
    } catch (IOException e) {
      throw new StorageException.Failed(
          "WAL " + checkpoint.target + ": cannot write the checkpoint: " + e.getMessage(), e);
    } finally {
      checkpoint.removeTemporary();
    }
  }

  /** What is not finished must not keep room that the WAL needs. */
  private void removeTemporary() {
    try {
      disk.delete(temporary);
    } catch (IOException e) {
      log.warn("WAL {}: cannot delete, left behind: {}", temporary, e.toString());
    }
  }

  private long write(CheckpointFile file) throws IOException {
    ByteSink body = file.begin(HEAD);
    RoaringBitmap all;
    head.state.readLock().lock();
    try {
      body.zigzag(head.minValidMs());
      body.varint(head.nextId());
      all = head.index().all();
    } finally {
      head.state.readLock().unlock();
    }
    file.end();
    int count = 0;
    List<Integer> ids = HeadIndex.toList(all);
    for (int from = 0; from < ids.size(); from += SeriesPage.SIZE) {
      if (stop.getAsBoolean()) {
        return -1;
      }
      RoaringBitmap some = new RoaringBitmap();
      for (int id : ids.subList(from, Math.min(ids.size(), from + SeriesPage.SIZE))) {
        some.add(id);
      }
      count += writeSeries(some, file);
    }
    writeTombstones(file);
    writeExemplars(file);
    file.begin(END).varint(count);
    file.end();
    long size = file.finish();
    verify(file, count);
    return size;
  }

  private static void verify(CheckpointFile file, int count) throws IOException {
    long[] series = {-1};
    file.readBack((type, body) -> {
      if (type == END) {
        series[0] = body.varint();
      }
    });
    if (series[0] != count) {
      throw new IOException("reads back damaged: " + series[0] + " of " + count + " series");
    }
  }

  private int writeSeries(RoaringBitmap ids, CheckpointFile file) throws IOException {
    HeadSource source;
    OutOfOrderSource outOfOrder;
    int count = 0;
    head.state.readLock().lock();
    try {
      for (int id : HeadIndex.toList(ids)) {
        if (head.pairs(id) != null) {
          SeriesRecord.write(id, head.labels(id), file.begin(SeriesRecord.TYPE));
          file.end();
          count++;
        }
      }
      source =
          HeadSource.capture(
              head, ids, Long.MIN_VALUE, Long.MAX_VALUE, false, SelectMemory.UNCOUNTED);
      outOfOrder =
          OutOfOrderSource.capture(
              head, ids, Long.MIN_VALUE, Long.MAX_VALUE, SelectMemory.UNCOUNTED);
    } finally {
      head.state.readLock().unlock();
    }
    try {
      source.nextSeries();
      while (source.labels != null) {
        writeRows(ROWS, source.id(), source, file);
        source.nextSeries();
      }
    } finally {
      source.close();
    }
    for (OutOfOrderSamples.Entry e : outOfOrder.entries()) {
      outOfOrder.nextSeries();
      writeRows(OUT_OF_ORDER_ROWS, e.id(), outOfOrder, file);
    }
    return count;
  }

  private void writeRows(int type, int id, SeriesSource source, CheckpointFile file)
      throws IOException {
    while (source.nextRows()) {
      if (collected.isHistogram != source.rows.isHistogram) {
        writeCollected(type, id, file);
        collected.clear(source.rows.isHistogram);
      }
      for (int i = 0; i < source.rows.size; i++) {
        collected.add(source.rows, i);
        if (collected.isFull()) {
          writeCollected(type, id, file);
        }
      }
    }
    writeCollected(type, id, file);
  }

  private void writeCollected(int type, int id, CheckpointFile file) throws IOException {
    for (int from = 0; from < collected.size; ) {
      int n = ChunkCodec.sameLayout(collected, from);
      ByteSink body = file.begin(type);
      body.varint(id);
      codec.write(collected, from, n, 0, body);
      file.end();
      file.writeIfMany();
      from += n;
    }
    collected.reset();
  }

  private void writeTombstones(CheckpointFile file) {
    head.state.readLock().lock();
    try {
      if (head.tombstones().size() > 0) {
        TombstoneRecord.write(head.tombstones(), file.begin(TombstoneRecord.TYPE));
        file.end();
      }
    } finally {
      head.state.readLock().unlock();
    }
  }

  private void writeExemplars(CheckpointFile file) {
    for (ExemplarRing.Entry e : head.exemplars().copy(head.state.readLock())) {
      if (head.isSeries(e.id(), e.series())) { // or it would be read as one of the id's next series
        BatchRecord.writeExemplar(e.id(), e.exemplar(), file.begin(EXEMPLAR));
        file.end();
      }
    }
  }
}
