package io.narthex.storage.tsdb.recovery;

import io.narthex.model.Exemplar;
import io.narthex.model.Labels;
import io.narthex.model.NativeHistogram;
import io.narthex.spi.storage.StorageException;
import io.narthex.storage.tsdb.chunks.ChunkCodec;
import io.narthex.storage.tsdb.chunks.ChunkRows;
import io.narthex.storage.tsdb.head.Head;
import io.narthex.storage.tsdb.head.HeadChunks;
import io.narthex.storage.tsdb.io.ByteSource;
import io.narthex.storage.tsdb.metrics.Counters;
import io.narthex.storage.tsdb.tombstones.TombstoneMap;
import io.narthex.storage.tsdb.tombstones.TombstoneRecord;
import io.narthex.storage.tsdb.wal.BatchRecord;
import io.narthex.storage.tsdb.wal.SeriesRecord;
import io.narthex.storage.tsdb.wal.Wal;
import io.narthex.storage.tsdb.wal.WalReader;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.function.DoubleConsumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Fills a head from the newest checkpoint and the WAL after it.
 *
 * <p>A file that just ends too early is what a crash or a failed write leaves behind: it is cut
 * after its last whole record, and reading continues with the next. Other damage is cut off the
 * same way, but what follows cannot be trusted any more: later segments are set aside as {@code
 * *.cut}, counted and reported. Of a damaged checkpoint all whole records are used, as the segments
 * it replaced are gone.
 */
public final class Recovery implements BatchRecord.Handler {
  private static final Logger log = LoggerFactory.getLogger(Recovery.class);
  private static final String SET_ASIDE = ".cut";
  private static final String DAMAGED = ".damaged";
  private static final int MAX_LOGGED = 10;

  private final Head head;
  private final Path directory;
  private final Counters counters;
  private final BatchRecord batch = new BatchRecord();
  private final ChunkCodec codec = new ChunkCodec();
  private final ChunkRows rows = new ChunkRows();
  private final ByteSource padded = new ByteSource();
  private byte[] scratch = new byte[1024];
  private boolean inCheckpoint;
  private boolean complete;
  private int damagedRecords;

  public Recovery(Head head, Path directory, Counters counters) {
    this.head = head;
    this.directory = directory;
    this.counters = counters;
  }

  /** Recovers and returns the number that the next segment has to have. */
  public int run(DoubleConsumer progress) {
    List<Integer> checkpoints = Wal.numbers(directory, Wal.CHECKPOINT_SUFFIX);
    List<Integer> segments = Wal.numbers(directory, Wal.SEGMENT_SUFFIX);
    deleteLeftovers();
    int from = 0;
    if (!checkpoints.isEmpty()) {
      from = checkpoints.get(checkpoints.size() - 1);
      readCheckpoint(directory.resolve(Wal.name(from, Wal.CHECKPOINT_SUFFIX)));
    }
    int next = Math.max(1, from);
    boolean cut = false;
    for (int i = 0; i < segments.size(); i++) {
      int number = segments.get(i);
      Path path = directory.resolve(Wal.name(number, Wal.SEGMENT_SUFFIX));
      next = Math.max(next, number + 1);
      progress.accept(i / (double) segments.size());
      if (number < from) {
        continue; // a crash kept it from being deleted
      }
      if (cut) {
        setAside(path);
        continue;
      }
      WalReader.End end = WalReader.read(path, this::record);
      if (end.problem() != null) {
        boolean last = i == segments.size() - 1;
        repair(path, end, last);
        cut = !last && !end.torn();
      }
    }
    progress.accept(1);
    return next;
  }

  /** Deletes files of ours that a crash has kept from being finished. */
  private void deleteLeftovers() {
    try (Stream<Path> files = Files.list(directory)) {
      for (Path p : files.toList()) {
        String name = p.getFileName().toString();
        if (name.endsWith(HeadChunks.SPILL_SUFFIX)
            || name.endsWith(Wal.CHECKPOINT_SUFFIX + Checkpoint.TEMPORARY)) {
          Files.delete(p);
        }
      }
    } catch (IOException e) {
      throw new StorageException.Failed(directory + ": cannot clean up: " + e, e);
    }
  }

  /** Returns whether the checkpoint is damaged, so that a new one should replace it soon. */
  public boolean isCheckpointDamaged() {
    return damagedRecords > 0;
  }

  private void readCheckpoint(Path path) {
    complete = false;
    inCheckpoint = true;
    try {
      WalReader.readAll(
          path,
          this::record,
          end -> damaged(path + " at byte " + end.offset() + ": " + end.problem()));
      if (!complete) {
        damaged(path + ": the end is missing");
      }
    } catch (StorageException.Failed e) {
      damaged(String.valueOf(e.getMessage()));
    } finally {
      inCheckpoint = false;
    }
    if (damagedRecords > 0) {
      counters.add("snapshot_replay_error_total", 1);
      keep(path);
      log.error(
          "{}: {} damaged parts are skipped, samples in them are missing; the rest is used",
          path,
          damagedRecords);
    }
  }

  private void damaged(String problem) {
    counters.add(Counters.damageOf("checkpoint"), 1);
    if (damagedRecords++ < MAX_LOGGED) {
      log.error("{}", problem);
    }
  }

  /** Keeps a damaged checkpoint, the newest only, when the next one replaces it. */
  private void keep(Path path) {
    Path copy = path.resolveSibling(path.getFileName() + DAMAGED);
    try {
      try (Stream<Path> files = Files.list(directory)) {
        for (Path p : files.filter(f -> f.toString().endsWith(DAMAGED)).toList()) {
          Files.delete(p);
        }
      }
      Files.createLink(copy, path); // takes no room
    } catch (IOException | UnsupportedOperationException e) {
      log.warn("{}: cannot be kept as {}: {}", path, copy, e.toString());
    }
  }

  private void repair(Path path, WalReader.End end, boolean last) {
    boolean crash = end.torn();
    if (crash) {
      log.info(
          "{} at byte {}: {}; cut after the last whole record", path, end.offset(), end.problem());
    } else {
      counters.add("wal_corruptions_total", 1);
      log.warn(
          "{} at byte {}: {}; cut there, {}",
          path,
          end.offset(),
          end.problem(),
          last ? "nothing follows" : "later segments are set aside as *" + SET_ASIDE);
    }
    try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
      if (!crash) {
        Files.copy(
            path,
            path.resolveSibling(path.getFileName() + SET_ASIDE),
            StandardCopyOption.REPLACE_EXISTING);
      }
      file.setLength(end.offset());
      if (end.offset() == 0) {
        file.write(Wal.MAGIC);
      }
      file.getFD().sync();
    } catch (IOException e) {
      throw new StorageException.Failed(path + ": cannot cut: " + e.getMessage(), e);
    }
  }

  private static void setAside(Path path) {
    try {
      Files.move(
          path,
          path.resolveSibling(path.getFileName() + SET_ASIDE),
          StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new StorageException.Failed(path + ": cannot set aside: " + e.getMessage(), e);
    }
  }

  private void record(int type, ByteSource in) {
    switch (type) {
      case SeriesRecord.TYPE -> {
        int id = in.count(Integer.MAX_VALUE - 1);
        Labels labels = SeriesRecord.readLabels(in);
        if (head.pairs(id) == null && !labels.isEmpty()) {
          head.insert(id, labels);
        }
      }
      case BatchRecord.TYPE -> batch.read(in, this);
      case TombstoneRecord.TYPE -> replayDeletes(in);
      case Checkpoint.HEAD -> {
        head.minValidMs(in.zigzag());
        head.nextId(in.count(Integer.MAX_VALUE));
      }
      case Checkpoint.ROWS -> head.restore(readChunk(in), rows);
      case Checkpoint.OUT_OF_ORDER_ROWS -> {
        int id = readChunk(in);
        for (int i = 0; i < rows.size; i++) {
          head.replayOutOfOrder(
              id,
              rows.timesMs[i],
              rows.values[i],
              rows.isHistogram ? rows.histograms()[i] : null,
              rows.startTimeMs(i));
        }
      }
      case Checkpoint.EXEMPLAR -> BatchRecord.readExemplar(in, this);
      case Checkpoint.END -> complete = true;
      default -> throw new ByteSource.Malformed("unknown type");
    }
  }

  private void replayDeletes(ByteSource in) {
    if (inCheckpoint) {
      // its out-of-order samples are those that were left, or have arrived since
      TombstoneRecord.read(in, head.tombstones());
      return;
    }
    TombstoneMap deleted = new TombstoneMap();
    TombstoneRecord.read(in, deleted);
    deleted.forEach((id, ranges) -> {
      for (int i = 0; i < ranges.length; i += 2) {
        head.delete(id, ranges[i], ranges[i + 1]);
      }
    });
  }

  private int readChunk(ByteSource in) {
    int id = in.count(Integer.MAX_VALUE - 1);
    int length = in.remaining();
    if (scratch.length < length + ChunkCodec.SLACK) {
      scratch = new byte[length * 2 + ChunkCodec.SLACK];
    }
    System.arraycopy(in.data, in.position, scratch, 0, length);
    padded.reset(scratch, 0, length);
    codec.read(padded, 0, rows);
    return id;
  }

  @Override
  public void row(
      int id,
      long timeMs,
      double value,
      @Nullable NativeHistogram histogram,
      long startTimeMs,
      boolean outOfOrder) {
    if (outOfOrder) {
      head.replayOutOfOrder(id, timeMs, value, histogram, startTimeMs);
    } else {
      head.replay(id, timeMs, value, histogram, startTimeMs);
    }
  }

  @Override
  public void exemplar(int id, Exemplar exemplar) {
    head.replayExemplar(id, exemplar);
  }
}
