package io.narthex.storage.tsdb.recovery;

import io.narthex.spi.storage.SelectMemory;
import io.narthex.spi.storage.StorageException;
import io.narthex.storage.tsdb.chunks.ChunkCodec;
import io.narthex.storage.tsdb.chunks.ChunkRows;
import io.narthex.storage.tsdb.head.ExemplarRing;
import io.narthex.storage.tsdb.head.Head;
import io.narthex.storage.tsdb.head.HeadIndex;
import io.narthex.storage.tsdb.head.HeadSource;
import io.narthex.storage.tsdb.head.OutOfOrderSamples;
import io.narthex.storage.tsdb.head.OutOfOrderSource;
import io.narthex.storage.tsdb.head.SeriesPage;
import io.narthex.storage.tsdb.io.ByteSink;
import io.narthex.storage.tsdb.io.Disk;
import io.narthex.storage.tsdb.io.DiskFile;
import io.narthex.storage.tsdb.select.SeriesSource;
import io.narthex.storage.tsdb.tombstones.TombstoneRecord;
import io.narthex.storage.tsdb.wal.BatchRecord;
import io.narthex.storage.tsdb.wal.SeriesRecord;
import io.narthex.storage.tsdb.wal.Wal;
import io.narthex.storage.tsdb.wal.WalReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.zip.CRC32C;
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
 * records framed as in the WAL:
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
  private static final int FLUSH_BYTES = 1 << 20;

  private final Disk disk;
  private final Head head;
  private final BooleanSupplier stop;
  private final Path directory;
  private final Path temporary;
  private final Path target;
  private final ByteSink buffer = new ByteSink(FLUSH_BYTES + (64 << 10));
  private final CRC32C crc = new CRC32C();
  private final ChunkCodec codec = new ChunkCodec();
  private final ChunkRows collected = new ChunkRows();
  private int start;

  private Checkpoint(Disk disk, Head head, Path directory, int segment, BooleanSupplier stop) {
    this.stop = stop;
    this.disk = disk;
    this.head = head;
    this.directory = directory;
    target = directory.resolve(Wal.name(segment, Wal.CHECKPOINT_SUFFIX));
    temporary = directory.resolve(Wal.name(segment, Wal.CHECKPOINT_SUFFIX) + TEMPORARY);
  }

  /**
   * Writes the checkpoint that replaces the segments below {@code segment}, and reads it back: what
   * it replaces is deleted next.
   *
   * @param stop asked at each page of series whether to give up
   * @return its size, or -1 when it was given up
   */
  public static long write(
      Disk disk, Head head, Path directory, int segment, BooleanSupplier stop) {
    Checkpoint checkpoint = new Checkpoint(disk, head, directory, segment, stop);
    try {
      return checkpoint.write();
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

  private long write() throws IOException {
    long size;
    int count = 0;
    try (DiskFile file = disk.create(temporary)) {
      file.write(Wal.MAGIC, 0, Wal.MAGIC.length);
      begin(HEAD);
      RoaringBitmap all;
      head.state.readLock().lock();
      try {
        buffer.zigzag(head.minValidMs());
        buffer.varint(head.nextId());
        all = head.index().all();
      } finally {
        head.state.readLock().unlock();
      }
      end();
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
      writeTombstones();
      writeExemplars();
      begin(END);
      buffer.varint(count);
      end();
      flush(file);
      file.force();
      size = file.length();
    }
    verify(size, count);
    disk.rename(temporary, target);
    disk.forceDirectory(directory);
    return size;
  }

  private void verify(long size, int count) throws IOException {
    long[] series = {-1};
    WalReader.End end =
        WalReader.read(
            disk,
            temporary,
            (type, in) -> {
              if (type == END) {
                series[0] = in.varint();
              }
            });
    if (end.problem() != null || end.offset() != size || series[0] != count) {
      throw new IOException(
          "reads back damaged at byte "
              + end.offset()
              + " of "
              + size
              + ": "
              + (end.problem() == null ? series[0] + " of " + count + " series" : end.problem()));
    }
  }

  private int writeSeries(RoaringBitmap ids, DiskFile file) throws IOException {
    HeadSource source;
    OutOfOrderSource outOfOrder;
    int count = 0;
    head.state.readLock().lock();
    try {
      for (int id : HeadIndex.toList(ids)) {
        if (head.pairs(id) != null) {
          begin(SeriesRecord.TYPE);
          SeriesRecord.write(id, head.labels(id), buffer);
          end();
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

  private void writeRows(int type, int id, SeriesSource source, DiskFile file) throws IOException {
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

  private void writeCollected(int type, int id, DiskFile file) throws IOException {
    for (int from = 0; from < collected.size; ) {
      int n = ChunkCodec.sameLayout(collected, from);
      begin(type);
      buffer.varint(id);
      codec.write(collected, from, n, 0, buffer);
      end();
      flushIfFull(file);
      from += n;
    }
    collected.reset();
  }

  private void writeTombstones() {
    head.state.readLock().lock();
    try {
      if (head.tombstones().size() > 0) {
        begin(TombstoneRecord.TYPE);
        TombstoneRecord.write(head.tombstones(), buffer);
        end();
      }
    } finally {
      head.state.readLock().unlock();
    }
  }

  private void writeExemplars() {
    for (ExemplarRing.Entry e : head.exemplars().copy(head.state.readLock())) {
      if (head.isSeries(e.id(), e.series())) { // or it would be read as one of the id's next series
        begin(EXEMPLAR);
        BatchRecord.writeExemplar(e.id(), e.exemplar(), buffer);
        end();
      }
    }
  }

  private void begin(int type) {
    start = buffer.size;
    buffer.u64(0);
    buffer.u8(type);
  }

  private void end() {
    Wal.frame(buffer, start, crc);
  }

  private void flushIfFull(DiskFile file) throws IOException {
    if (buffer.size >= FLUSH_BYTES) {
      flush(file);
    }
  }

  private void flush(DiskFile file) throws IOException {
    file.write(buffer.data, 0, buffer.size);
    buffer.clear();
  }
}
