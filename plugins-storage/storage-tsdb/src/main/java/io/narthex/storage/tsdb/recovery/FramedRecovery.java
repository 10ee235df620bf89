package io.narthex.storage.tsdb.recovery;

import io.narthex.spi.storage.StorageException;
import io.narthex.storage.tsdb.frames.Frame;
import io.narthex.storage.tsdb.frames.FrameReader;
import io.narthex.storage.tsdb.head.ChunkFiles;
import io.narthex.storage.tsdb.head.Head;
import io.narthex.storage.tsdb.head.HeadChunks;
import io.narthex.storage.tsdb.head.SeriesNames;
import io.narthex.storage.tsdb.io.ByteSource;
import io.narthex.storage.tsdb.io.Disk;
import io.narthex.storage.tsdb.io.DiskFile;
import io.narthex.storage.tsdb.metrics.Counters;
import io.narthex.storage.tsdb.quarantine.Quarantine;
import io.narthex.storage.tsdb.wal.FramedWal;
import io.narthex.storage.tsdb.wal.SegmentReader;
import io.narthex.storage.tsdb.wal.SharedLabels;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.function.DoubleConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Fills a head from the newest checkpoint and the WAL after it, format 2. Whatever is damaged is
 * reported with file and offset, counted and kept in quarantine; the rest is used. Instead of a
 * damaged checkpoint the one before is taken when that has not been deleted yet.
 */
public final class FramedRecovery extends Replay implements SegmentReader.Handler {
  private static final Logger log = LoggerFactory.getLogger(FramedRecovery.class);
  private static final int MAX_LOGGED = 10;
  private static final int MAX_MISSING = 1000; // segments that are looked for in a gap

  private final Disk disk;
  private final Path walDirectory;
  private final Path headDirectory;
  private final Quarantine quarantine;
  private final Counters counters;
  private final ChunkFiles chunkFiles;
  private final SeriesNames names;
  private final StateRecords checkpoint;
  private int damagedParts;
  private boolean checkpointWanted;
  private final Progress progress = new Progress();

  public FramedRecovery(
      Disk disk,
      Head head,
      Path walDirectory,
      Path headDirectory,
      ChunkFiles chunkFiles,
      Quarantine quarantine,
      Counters counters) {
    super(head);
    this.disk = disk;
    this.walDirectory = walDirectory;
    this.headDirectory = headDirectory;
    this.chunkFiles = chunkFiles;
    this.quarantine = quarantine;
    this.counters = counters;
    names = new SeriesNames(head);
    checkpoint =
        new StateRecords(
            head,
            names,
            (file, offset, reason, bytes) -> damaged("chunks", file, offset, reason, bytes));
  }

  /** Recovers and returns where the WAL continues. */
  public FramedWal.Position run(DoubleConsumer reporter) {
    deleteLeftovers();
    progress.reportTo(reporter);
    List<Integer> checkpoints = FramedWal.numbers(disk, headDirectory, Frame.Kind.CHECKPOINT);
    List<Integer> segments = FramedWal.numbers(disk, walDirectory, Frame.Kind.WAL);
    int from = checkpoints.isEmpty() ? 0 : base(checkpoints, segments);
    if (from > 0) {
      progress.expect(bytesOf(checkpoint(from)));
    }
    for (int number : segments) {
      progress.expect(
          number < from ? 0 : bytesOf(walDirectory.resolve(Frame.Kind.WAL.fileName(number))));
    }
    if (from > 0) {
      keepChunksOf(checkpoints, from);
      readCheckpoint(from);
    } else {
      chunkFiles.deleteUnlisted();
      if (!segments.isEmpty() && segments.getFirst() > 1) {
        // the first segment has number 1, and only a checkpoint replaces segments
        damaged(
            "checkpoint",
            checkpoint(segments.getFirst()),
            0,
            "is missing, and what it held",
            MemorySegment.NULL);
      }
    }
    SegmentReader reader = new SegmentReader(disk, walDirectory, this);
    int before = from - 1; // the checkpoint was made behind a segment with its number
    long length = 0;
    for (int i = 0; i < segments.size(); i++) {
      int number = segments.get(i);
      if (number < from) {
        continue; // a crash kept it from being deleted
      }
      if (before >= 0) {
        checkNoneMissing(before, number);
      }
      before = number;
      length = read(reader, number, i + 1 < segments.size() ? segments.get(i + 1) : 0);
    }
    if (reader.droppedRows() > 0) {
      counters.add("narthex_tsdb_wal_rows_dropped_total", reader.droppedRows());
      log.error(
          "{}: {} rows are dropped, since what they depend on is damaged or missing",
          walDirectory,
          reader.droppedRows());
    }
    progress.end();
    boolean any = !segments.isEmpty() && segments.getLast() >= from;
    return new FramedWal.Position(
        Math.max(1, Math.max(from, segments.isEmpty() ? 0 : segments.getLast() + 1)),
        reader.expectedSequence(),
        any ? segments.getLast() : 0,
        length);
  }

  /** Deletes files of ours that a crash has kept from being finished. */
  private void deleteLeftovers() {
    deleteEndingIn(
        headDirectory,
        List.of(HeadChunks.SPILL_SUFFIX, Frame.Kind.CHECKPOINT.suffix() + Checkpoint.TEMPORARY));
    deleteEndingIn(walDirectory, List.of(Frame.Kind.WAL.suffix() + FramedWal.TEMPORARY));
  }

  private void deleteEndingIn(Path directory, List<String> suffixes) {
    try {
      for (Path p : disk.list(directory)) {
        String name = p.getFileName().toString();
        if (suffixes.stream().anyMatch(name::endsWith)) {
          disk.delete(p);
        }
      }
    } catch (IOException e) {
      throw new StorageException.Failed(directory + ": cannot clean up: " + e, e);
    }
  }

  private static long bytesOf(Path file) {
    return file.toFile().length();
  }

  /** Returns whether checkpoint or WAL are damaged, so that a checkpoint should replace them. */
  public boolean isCheckpointWanted() {
    return checkpointWanted;
  }

  /** Reads a segment and returns how many of its bytes count. */
  private long read(SegmentReader reader, int number, int next) {
    Path path = walDirectory.resolve(Frame.Kind.WAL.fileName(number));
    try {
      FrameReader.End end = reader.read(number, next);
      if (end.torn() != null) {
        log.info("{} at byte {}: {}; cut there", path, end.length(), end.torn());
      }
      if (next == 0) {
        settle(path, end);
      }
      return end.length();
    } catch (IOException e) {
      throw new StorageException.Failed(path + ": cannot read: " + e.getMessage(), e);
    }
  }

  /**
   * Forces what a killed process has not: the next segment says that so much of this one counts.
   */
  private void settle(Path path, FrameReader.End end) {
    try (DiskFile file = disk.open(path)) {
      if (end.torn() != null) {
        file.setLength(end.length());
      }
      file.force();
    } catch (IOException e) {
      checkpointWanted = true; // holds what the disk may have lost
      log.warn("{}: cannot be cut and forced: {}", path, e.getMessage());
    }
  }

  /**
   * Chooses the checkpoint to begin with: the newest, unless it is damaged and an older one is
   * whole and has all segments since. There is one when a crash has kept it from being deleted.
   */
  private int base(List<Integer> checkpoints, List<Integer> segments) {
    int newest = checkpoints.getLast();
    if (checkpoints.size() == 1 || isWhole(newest)) {
      return newest;
    }
    for (int older : checkpoints.subList(0, checkpoints.size() - 1).reversed()) {
      if (hasAll(segments, older, newest) && isWhole(older)) {
        reportDamage(newest);
        log.error("{}: nothing is lost, {} is whole", checkpoint(newest), checkpoint(older));
        return older;
      }
    }
    return newest;
  }

  private Path checkpoint(int number) {
    return headDirectory.resolve(Frame.Kind.CHECKPOINT.fileName(number));
  }

  private static boolean hasAll(List<Integer> segments, int from, int to) {
    return segments.stream().filter(n -> n >= from && n < to).count() == to - from;
  }

  /** Returns whether a checkpoint can be read, and the files of chunks it refers to are there. */
  private boolean isWhole(int number) {
    CheckpointLook look = look(number);
    return look.isWhole() && chunkFiles.has(look.chunkFiles());
  }

  /** Reports what is damaged of a checkpoint that is not used. */
  private void reportDamage(int number) {
    Path path = checkpoint(number);
    CheckpointLook look =
        look(number, (offset, reason, bytes) -> damaged("checkpoint", path, offset, reason, bytes));
    if (!look.isEnded()) {
      damaged("checkpoint", path, bytesOf(path), "the end is missing", MemorySegment.NULL);
    } else if (!chunkFiles.has(look.chunkFiles())) {
      damaged("chunks", path, 0, "files it refers to are missing, or short", MemorySegment.NULL);
    }
  }

  private CheckpointLook look(int number) {
    return look(
        number,
        (offset, reason, bytes) -> {
          // the caller asks whether it is whole
        });
  }

  private CheckpointLook look(int number, CheckpointLook.Damage into) {
    Path path = checkpoint(number);
    CheckpointLook look = new CheckpointLook(into);
    try {
      FrameReader.read(disk, path, Frame.Kind.CHECKPOINT, number, false, look);
    } catch (IOException e) {
      throw new StorageException.Failed(path + ": cannot read: " + e.getMessage(), e);
    }
    return look;
  }

  /**
   * Keeps the files of chunks that other checkpoints than the one to begin with refer to: which of
   * them the next start begins with is open until they are deleted.
   */
  private void keepChunksOf(List<Integer> checkpoints, int from) {
    for (int number : checkpoints) {
      if (number != from) {
        CheckpointLook look = look(number);
        if (look.isListingWhole()) {
          chunkFiles.keep(number, look.chunkFiles());
        } else {
          chunkFiles.keepAll(number);
        }
      }
    }
  }

  private void readCheckpoint(int number) {
    Path path = checkpoint(number);
    checkpoint.begin(number);
    int[] skipped = {0};
    FrameReader.Handler records =
        new FrameReader.Handler() {
          private boolean inSeries;

          @Override
          public void record(int type, ByteSource body, long offset) {
            progress.advance(body.remaining());
            if (type == Checkpoint.SERIES && !inSeries) {
              inSeries = true;
              if (skipped[0] > 0) {
                readNumbersAgain(number);
              }
            }
            if (type != Frame.START) {
              checkpoint.record(type, body, FramedRecovery.this);
            } else if (!FrameReader.isStart(body, Frame.Kind.CHECKPOINT)) {
              throw new ByteSource.Malformed("no checkpoint of this version");
            }
          }

          @Override
          public void damage(long offset, long length, String reason, MemorySegment bytes) {
            skipped[0]++;
            damaged("checkpoint", path, offset, reason, bytes);
          }
        };
    try {
      FrameReader.read(disk, path, Frame.Kind.CHECKPOINT, number, false, records);
      if (!checkpoint.isComplete()) {
        skipped[0]++;
        damaged("checkpoint", path, disk.size(path), "the end is missing", MemorySegment.NULL);
      }
    } catch (IOException e) {
      // it may be whole, and would be replaced
      throw new StorageException.Failed(path + ": cannot read: " + e.getMessage(), e);
    }
    checkpoint.end(skipped[0] > 0);
    if (skipped[0] > 0) {
      counters.add("snapshot_replay_error_total", 1);
      log.error(
          "{}: {} damaged parts are skipped, samples in them are missing; the rest is used",
          path,
          skipped[0]);
    }
  }

  /** Reads the second copy of labels, of which all series may be, where one may be damaged. */
  private void readNumbersAgain(int number) {
    Path path = checkpoint(number);
    try {
      FrameReader.read(
          disk,
          path,
          Frame.Kind.CHECKPOINT,
          number,
          false,
          new FrameReader.Handler() {
            @Override
            public void record(int type, ByteSource body, long offset) {
              if (type == Checkpoint.NUMBERS) {
                checkpoint.record(type, body, FramedRecovery.this);
              }
            }

            @Override
            public void damage(long offset, long length, String reason, MemorySegment bytes) {
              // is reported by the one that reads all
            }
          });
    } catch (IOException e) {
      throw new StorageException.Failed(path + ": cannot read: " + e.getMessage(), e);
    }
  }

  /** Reports segments that are missing between two numbers, unless a folder has the name. */
  private void checkNoneMissing(int before, int number) {
    int last = Math.min(number, before + 1 + MAX_MISSING); // whoever makes the names up
    for (int n = before + 1; n < last; n++) {
      Path path = walDirectory.resolve(Frame.Kind.WAL.fileName(n));
      if (!disk.exists(path)) {
        counters.add("wal_corruptions_total", 1);
        damaged("wal", path, 0, "is missing, and what it held", MemorySegment.NULL);
      }
    }
  }

  private void damaged(String kind, Path path, long offset, String reason, MemorySegment bytes) {
    checkpointWanted = true; // or the next start would report it again
    counters.add(Counters.damageOf(kind), 1);
    if (damagedParts++ < MAX_LOGGED) {
      log.error("{} at byte {}: {}; the rest is used", path, offset, reason);
    }
    quarantine.keep(path, offset, bytes);
  }

  // ---- what segments hold ----------------------------------------------------------------------

  @Override
  public void series(ByteSource record, SharedLabels reader) {
    names.read(record);
  }

  @Override
  public void advance(int bytes) {
    progress.advance(bytes);
  }

  @Override
  public void damage(Path segment, long offset, long length, String reason, MemorySegment bytes) {
    counters.add("wal_corruptions_total", 1);
    damaged("wal", segment, offset, reason, bytes);
  }
}
