package io.narthex.storage.tsdb.recovery;

import io.narthex.model.NativeHistogram;
import io.narthex.spi.storage.SelectMemory;
import io.narthex.spi.storage.StorageException;
import io.narthex.storage.tsdb.chunks.ChunkCodec;
import io.narthex.storage.tsdb.chunks.ChunkRows;
import io.narthex.storage.tsdb.frames.Frame;
import io.narthex.storage.tsdb.head.ChunkFiles;
import io.narthex.storage.tsdb.head.ExemplarRing;
import io.narthex.storage.tsdb.head.Head;
import io.narthex.storage.tsdb.head.HeadIndex;
import io.narthex.storage.tsdb.head.HeadSource;
import io.narthex.storage.tsdb.head.LabelNumbers;
import io.narthex.storage.tsdb.head.OutOfOrderSamples;
import io.narthex.storage.tsdb.head.OutOfOrderSource;
import io.narthex.storage.tsdb.head.Records;
import io.narthex.storage.tsdb.head.SeriesPage;
import io.narthex.storage.tsdb.head.SeriesStates;
import io.narthex.storage.tsdb.io.ByteSink;
import io.narthex.storage.tsdb.io.ByteSource;
import io.narthex.storage.tsdb.io.Disk;
import io.narthex.storage.tsdb.select.SeriesSource;
import io.narthex.storage.tsdb.tombstones.TombstoneRecord;
import io.narthex.storage.tsdb.wal.BatchRecord;
import io.narthex.storage.tsdb.wal.SeriesRecord;
import io.narthex.storage.tsdb.wal.SharedLabels;
import io.narthex.storage.tsdb.wal.Wal;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.roaringbitmap.PeekableIntIterator;
import org.roaringbitmap.RoaringBitmap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes what the head holds into a file that replaces all WAL segments with lower numbers. In
 * format 2 it refers to the files of sealed chunks, so that its size is one of the number of
 * series.
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
 *
 * in format 2 (the first ones of it are as above):
 * HEAD       then: zigzag time of the oldest sample, varint number of the last page of chunks it
 *            refers to, varint how many, varint how many ids are in EARLIER
 * GAPS       zigzag from, zigzag to of gaps in the times of samples, see ClockJumps
 * EARLIER    varint id - id before (the first: id), of series that left before their chunks
 * PAGES      those pages, see ChunkFiles
 * LABELS     ids and labels of some series, see SharedLabels
 * STATES     the same series, see SeriesStates
 * SEALED     varint id, zigzag base, chunk: newer than those pages
 * HISTOGRAMS varint id, chunk with base 0: waiting to be sealed
 * NEWEST     varint id, chunk with base 0: the newest sample, a histogram, which is in a chunk too
 *
 * in format 3, instead of LABELS and STATES:
 * NUMBERS    labels with numbers, see LabelNumbers; all of them again before END
 * SERIES     ids and labels of some series by their numbers, see SeriesStates
 * PACKED     the states of the same series, see SeriesStates
 * </pre>
 */
public final class Checkpoint {
  private static final Logger log = LoggerFactory.getLogger(Checkpoint.class);
  static final int HEAD = 10;
  static final int ROWS = 11;
  static final int OUT_OF_ORDER_ROWS = 12;
  static final int EXEMPLAR = 13;
  static final int END = 14;
  public static final int PAGES = 15;
  static final int STATES = 16;
  public static final int SEALED = 17;
  static final int HISTOGRAMS = 18;
  static final int NEWEST = 19;
  static final int LABELS = 20;
  static final int GAPS = 21;
  static final int EARLIER = 22;
  static final int NUMBERS = 23;
  static final int SERIES = 24;
  static final int PACKED = 25;

  private static final int PAGES_OF_RECORD = 64;

  /** Series of a record, what a damaged one costs: their labels share bytes. */
  public static final int SERIES_OF_RECORD = 8;

  static final String TEMPORARY = ".tmp";

  private final Disk disk;
  private final Head head;
  private final BooleanSupplier stop;
  private final Path target;
  private final Path temporary;
  private final @Nullable SeriesStates states; // null in format 1
  private final boolean packed;
  private @Nullable LabelNumbers numbers; // null before format 3
  private final SharedLabels shared = new SharedLabels();
  private final ChunkCodec codec = new ChunkCodec();
  private final ChunkRows collected = new ChunkRows();
  private Map<Integer, Long> files = Map.of();

  /**
   * What the record HEAD of a checkpoint of format 2 says.
   *
   * @param oldestMs time of the oldest sample
   * @param lastPage number of the last page of chunks that it refers to
   * @param pages how many it refers to
   * @param earlier how many ids chunks may have an earlier owner of
   * @param hasRows whether it is one of the first ones, which hold all rows
   */
  record Top(
      long minValidMs,
      int nextId,
      long oldestMs,
      int lastPage,
      int pages,
      int earlier,
      boolean hasRows) {
    static Top read(ByteSource in) {
      long minValid = in.zigzag();
      int next = in.count(Integer.MAX_VALUE);
      if (in.remaining() == 0) {
        return new Top(minValid, next, minValid, 0, 0, 0, true);
      }
      return new Top(
          minValid,
          next,
          in.zigzag(),
          in.count(Integer.MAX_VALUE - 1),
          in.count(Integer.MAX_VALUE),
          in.count(Integer.MAX_VALUE),
          false);
    }
  }

  private Checkpoint(
      Disk disk,
      Head head,
      Path target,
      @Nullable SeriesStates states,
      boolean packed,
      BooleanSupplier stop) {
    this.disk = disk;
    this.head = head;
    this.stop = stop;
    this.target = target;
    this.states = states;
    this.packed = packed;
    temporary = target.resolveSibling(target.getFileName() + TEMPORARY);
  }

  /**
   * Writes the checkpoint that replaces the segments below {@code segment}, and reads it back: what
   * it replaces is deleted next.
   *
   * @param chunkFiles files of chunks, which it refers to; null = in format 1
   * @param lastPage position of the last page of chunks to refer to, see {@link Head#endPage}
   * @param packed whether the folder has format 3
   * @param stop asked at each page of series whether to give up
   * @return its size, or -1 when it was given up
   */
  public static long write(
      Disk disk,
      Head head,
      Path directory,
      int segment,
      @Nullable ChunkFiles chunkFiles,
      int lastPage,
      boolean packed,
      BooleanSupplier stop) {
    boolean framed = chunkFiles != null;
    String name =
        framed ? Frame.Kind.CHECKPOINT.fileName(segment) : Wal.name(segment, Wal.CHECKPOINT_SUFFIX);
    SeriesStates states = framed ? new SeriesStates(head, lastPage) : null;
    Checkpoint checkpoint =
        new Checkpoint(disk, head, directory.resolve(name), states, packed, stop);
    try (CheckpointFile file = begin(disk, head, directory, segment, framed, checkpoint)) {
      long size = checkpoint.write(file);
      if (size >= 0) {
        if (chunkFiles != null) {
          chunkFiles.keep(segment, checkpoint.files); // a rename that fails may have been done
        }
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

  private static CheckpointFile begin(
      Disk disk, Head head, Path directory, int segment, boolean framed, Checkpoint checkpoint)
      throws IOException {
    if (!framed) {
      return new LogCheckpointFile(disk, checkpoint.temporary);
    }
    head.moveChunks(disk, directory); // what it refers to has to be on the disk before it is
    return new FramedCheckpointFile(disk, checkpoint.temporary, segment);
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
    RoaringBitmap earlier;
    head.state.readLock().lock();
    try {
      body.zigzag(head.minValidMs());
      body.varint(head.nextId());
      earlier = head.idsOfEarlierChunks();
      if (states != null) {
        body.zigzag(head.minMs());
        body.varint(states.lastPage());
        body.varint(states.pages());
        body.varint(earlier.getCardinality());
      }
      all = head.index().all();
    } finally {
      head.state.readLock().unlock();
    }
    file.end();
    if (states != null) {
      writeGaps(file);
      writeEarlier(earlier, file);
    }
    LabelNumbers ofLabels = states != null && packed ? new LabelNumbers(head.index()) : null;
    numbers = ofLabels;
    if (ofLabels != null) {
      ofLabels.write(records(NUMBERS, file));
    }
    int count = states == null ? writeAllRows(all, file) : writeStates(all, states, file);
    if (count < 0) {
      return -1;
    }
    writeTombstones(file);
    writeExemplars(file);
    if (ofLabels != null) {
      ofLabels.write(records(NUMBERS, file)); // all series depend on them
    }
    file.begin(END).varint(count);
    file.end();
    long size = file.finish();
    verify(file, count);
    return size;
  }

  private void writeGaps(CheckpointFile file) {
    long[] gaps = head.gaps();
    if (gaps.length > 0) {
      ByteSink body = file.begin(GAPS);
      for (long time : gaps) {
        body.zigzag(time);
      }
      file.end();
    }
  }

  private static void writeEarlier(RoaringBitmap earlier, CheckpointFile file) {
    if (!earlier.isEmpty()) {
      ByteSink body = file.begin(EARLIER);
      int before = 0;
      for (PeekableIntIterator i = earlier.getIntIterator(); i.hasNext(); ) {
        int id = i.next();
        body.varint(id - before);
        before = id;
      }
      file.end();
    }
  }

  /** Returns how many series there are, -1 when it was given up. */
  private int writeAllRows(RoaringBitmap all, CheckpointFile file) throws IOException {
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
    return count;
  }

  private static Records records(int type, CheckpointFile file) {
    return new Records() {
      @Override
      public ByteSink begin() {
        return file.begin(type);
      }

      @Override
      public void end() {
        file.end();
      }
    };
  }

  /** The same, referring to the files of chunks. */
  private int writeStates(RoaringBitmap all, SeriesStates of, CheckpointFile file)
      throws IOException {
    files = of.list(PAGES_OF_RECORD, records(PAGES, file));
    int count = 0;
    int pages = all.isEmpty() ? 0 : all.last() / SeriesPage.SIZE + 1;
    for (int page = 0; page < pages; page++) {
      if (stop.getAsBoolean()) {
        return -1;
      }
      RoaringBitmap ids = new RoaringBitmap();
      OutOfOrderSource outOfOrder;
      head.state.readLock().lock();
      try {
        of.capture(page);
        for (int i = 0; i < of.size(); i++) {
          ids.add(of.id(i));
        }
        outOfOrder =
            OutOfOrderSource.capture(
                head, ids, Long.MIN_VALUE, Long.MAX_VALUE, SelectMemory.UNCOUNTED);
      } finally {
        head.state.readLock().unlock();
      }
      for (int from = 0; from < of.size(); from += SERIES_OF_RECORD) {
        writeStates(of, from, Math.min(of.size(), from + SERIES_OF_RECORD), file);
      }
      writeOutOfOrder(outOfOrder, file);
      count += of.size();
    }
    return count;
  }

  private void writeStates(SeriesStates of, int from, int to, CheckpointFile file)
      throws IOException {
    LabelNumbers ofLabels = numbers;
    if (ofLabels != null) {
      of.writeLabels(from, to, ofLabels, file.begin(SERIES));
      file.end();
      of.writePacked(from, to, file.begin(PACKED));
    } else {
      ByteSink names = file.begin(LABELS);
      shared.begin();
      for (int i = from; i < to; i++) {
        shared.write(of.id(i), of.labels(i), names);
      }
      file.end();
      of.write(from, to, file.begin(STATES));
    }
    file.end();
    for (int i = from; i < to; i++) {
      int id = of.id(i);
      of.chunksBehind(
          i,
          (baseMs, chunk) -> {
            ByteSink body = file.begin(SEALED);
            body.varint(id);
            body.zigzag(baseMs);
            body.bytes(chunk.data, chunk.position, chunk.remaining());
            file.end();
          });
      ChunkRows waiting = of.waiting(i);
      NativeHistogram newest = of.newestSealed(i);
      if (waiting != null) {
        collected.clear(true);
        for (int row = 0; row < waiting.size; row++) {
          collected.add(waiting, row);
        }
        writeCollected(HISTOGRAMS, id, file);
      } else if (newest != null) {
        collected.clear(true);
        collected.add(of.newestMs(i), 0, newest, 0);
        writeCollected(NEWEST, id, file);
      }
      file.writeIfMany();
    }
    file.writeIfMany();
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
      while (source.isOnSeries()) {
        writeRows(ROWS, source.id(), source, file);
        source.nextSeries();
      }
    } finally {
      source.close();
    }
    writeOutOfOrder(outOfOrder, file);
    return count;
  }

  private void writeOutOfOrder(OutOfOrderSource outOfOrder, CheckpointFile file)
      throws IOException {
    for (OutOfOrderSamples.Entry e : outOfOrder.entries()) {
      outOfOrder.nextSeries();
      writeRows(OUT_OF_ORDER_ROWS, e.id(), outOfOrder, file);
    }
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
