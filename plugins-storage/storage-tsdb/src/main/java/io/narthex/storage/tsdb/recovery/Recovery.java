package io.narthex.storage.tsdb.recovery;

import io.narthex.spi.storage.StorageException;
import io.narthex.storage.tsdb.head.Head;
import io.narthex.storage.tsdb.head.HeadChunks;
import io.narthex.storage.tsdb.io.ByteSource;
import io.narthex.storage.tsdb.io.Directories;
import io.narthex.storage.tsdb.io.Disk;
import io.narthex.storage.tsdb.io.DiskFile;
import io.narthex.storage.tsdb.metrics.Counters;
import io.narthex.storage.tsdb.tombstones.TombstoneMap;
import io.narthex.storage.tsdb.tombstones.TombstoneRecord;
import io.narthex.storage.tsdb.wal.BatchRecord;
import io.narthex.storage.tsdb.wal.SeriesRecord;
import io.narthex.storage.tsdb.wal.Wal;
import io.narthex.storage.tsdb.wal.WalReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.DoubleConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Fills a head from the newest checkpoint and the WAL after it.
 *
 * <p>A newest segment that just ends too early is what a crash leaves behind: it is cut after its
 * last whole record. Other damage is counted and reported with file and offset, and reading
 * continues with the next whole record: rows hold absolute values, so none depends on another. A
 * lost record of a series or of deletes costs what depends on it. Damaged files are kept.
 */
public final class Recovery extends Replay {
  private static final Logger log = LoggerFactory.getLogger(Recovery.class);
  private static final String SET_ASIDE = ".cut";
  private static final String DAMAGED = ".damaged";
  private static final int MAX_LOGGED = 10;

  private final Disk disk;
  private final Path directory;
  private final Counters counters;
  private final BatchRecord batch = new BatchRecord();
  private final CheckpointRecords checkpoint;
  private boolean inCheckpoint;
  private int damagedParts;
  private boolean checkpointWanted;
  private final Progress progress = new Progress();

  public Recovery(Disk disk, Head head, Path directory, Counters counters) {
    super(head);
    this.disk = disk;
    this.directory = directory;
    this.counters = counters;
    checkpoint = new CheckpointRecords(head);
  }

  /** Recovers and returns the number that the next segment has to have. */
  public int run(DoubleConsumer reporter) {
    List<Integer> checkpoints = Wal.numbers(disk, directory, Wal.CHECKPOINT_SUFFIX);
    List<Integer> segments = Wal.numbers(disk, directory, Wal.SEGMENT_SUFFIX);
    deleteLeftovers();
    progress.reportTo(reporter);
    int from = 0;
    if (!checkpoints.isEmpty()) {
      from = checkpoints.get(checkpoints.size() - 1);
      progress.expect(bytesOf(Wal.name(from, Wal.CHECKPOINT_SUFFIX)));
    }
    for (int number : segments) {
      progress.expect(number < from ? 0 : bytesOf(Wal.name(number, Wal.SEGMENT_SUFFIX)));
    }
    if (!checkpoints.isEmpty()) {
      readCheckpoint(directory.resolve(Wal.name(from, Wal.CHECKPOINT_SUFFIX)));
    } else if (!segments.isEmpty() && segments.get(0) > 1) {
      // the first segment has number 1, and only a checkpoint replaces segments
      Path missing = directory.resolve(Wal.name(segments.get(0), Wal.CHECKPOINT_SUFFIX));
      damaged(missing + ": is missing, and what it held; the rest is used");
    }
    int next = Math.max(1, from);
    int before = from - 1; // the checkpoint was made behind a segment with its number
    for (int i = 0; i < segments.size(); i++) {
      int number = segments.get(i);
      Path path = directory.resolve(Wal.name(number, Wal.SEGMENT_SUFFIX));
      next = Math.max(next, number + 1);
      if (number < from) {
        continue; // a crash kept it from being deleted
      }
      if (before >= 0) {
        checkNoneMissing(before, number);
      }
      before = number;
      try {
        WalReader.End end =
            WalReader.readAll(disk, path, this::record, damage -> damagedSegment(path, damage));
        if (end.problem() != null) {
          repair(path, end, i == segments.size() - 1);
        } else if (i == segments.size() - 1) {
          force(path);
        }
      } catch (StorageException.Corrupt e) {
        unreadable(path, e);
      }
    }
    progress.end();
    return next;
  }

  private long bytesOf(String name) {
    return directory.resolve(name).toFile().length();
  }

  /** Deletes files of ours that a crash has kept from being finished. */
  private void deleteLeftovers() {
    try {
      for (Path p : disk.list(directory)) {
        String name = p.getFileName().toString();
        if (name.endsWith(HeadChunks.SPILL_SUFFIX)
            || name.endsWith(Wal.CHECKPOINT_SUFFIX + Checkpoint.TEMPORARY)) {
          disk.delete(p);
        }
      }
    } catch (IOException e) {
      throw new StorageException.Failed(directory + ": cannot clean up: " + e, e);
    }
  }

  /** Returns whether checkpoint or WAL are damaged, so that a checkpoint should replace them. */
  public boolean isCheckpointWanted() {
    return checkpointWanted;
  }

  private void readCheckpoint(Path path) {
    inCheckpoint = true;
    try {
      WalReader.End end =
          WalReader.readAll(disk, path, this::record, damage -> damagedCheckpoint(path, damage));
      if (end.problem() != null) {
        damagedCheckpoint(path, end);
      }
      if (!checkpoint.isComplete()) {
        damaged(path + ": the end is missing");
      }
    } catch (StorageException.Corrupt e) {
      damaged(String.valueOf(e.getMessage()));
    } finally {
      // one that cannot be opened at all ends the start: it may be whole, and would be replaced
      inCheckpoint = false;
    }
    if (damagedParts > 0) {
      counters.add("snapshot_replay_error_total", 1);
      keep(path);
      log.error(
          "{}: {} damaged parts are skipped, samples in them are missing; the rest is used",
          path,
          damagedParts);
    }
  }

  private void damagedCheckpoint(Path path, WalReader.End damage) {
    damaged(path + " at byte " + damage.offset() + ": " + damage.problem());
  }

  private void damaged(String problem) {
    checkpointWanted = true;
    counters.add(Counters.damageOf("checkpoint"), 1);
    if (damagedParts++ < MAX_LOGGED) {
      log.error("{}", problem);
    }
  }

  /** Keeps a damaged checkpoint, the newest only, when the next one replaces it. */
  private void keep(Path path) {
    Path copy = path.resolveSibling(path.getFileName() + DAMAGED);
    try {
      for (Path p : disk.list(directory)) {
        if (p.toString().endsWith(DAMAGED)) {
          disk.delete(p);
        }
      }
      disk.link(path, copy); // takes no room
    } catch (IOException | UnsupportedOperationException e) {
      log.warn("{}: cannot be kept as {}: {}", path, copy, e.toString());
    }
  }

  /** Reports segments that are missing between two numbers, unless a folder has the name. */
  private void checkNoneMissing(int before, int number) {
    for (int n = before + 1; n < number; n++) {
      Path path = directory.resolve(Wal.name(n, Wal.SEGMENT_SUFFIX));
      Path aside = path.resolveSibling(path.getFileName() + SET_ASIDE);
      if (!disk.exists(path) && !disk.exists(aside)) {
        corrupt();
        log.error("{}: is missing, and what it held; the rest is used", path);
      }
    }
  }

  private void damagedSegment(Path path, WalReader.End damage) {
    corrupt();
    if (damagedParts++ < MAX_LOGGED) {
      log.error(
          "{} at byte {}: {}; skipped up to the next whole record",
          path,
          damage.offset(),
          damage.problem());
    }
    keepCopy(path);
  }

  /** Keeps a segment of which the disk does not give back the rest; it may do so later. */
  private void unreadable(Path path, StorageException.Corrupt problem) {
    corrupt();
    log.error("{}; the rest of this segment is skipped", problem.getMessage());
    Path copy = path.resolveSibling(path.getFileName() + SET_ASIDE);
    try {
      if (!disk.exists(copy)) {
        disk.link(path, copy);
      }
    } catch (IOException | UnsupportedOperationException e) {
      log.warn("{}: cannot be kept as {}: {}", path, copy, e.toString());
    }
  }

  private void corrupt() {
    checkpointWanted = true; // or the next start would report it again
    counters.add("wal_corruptions_total", 1);
    counters.add(Counters.damageOf("wal"), 1);
  }

  /** Keeps a damaged segment: the next checkpoint deletes it. */
  private void keepCopy(Path path) {
    Path copy = path.resolveSibling(path.getFileName() + SET_ASIDE);
    try {
      if (!disk.exists(copy)) {
        Directories.copy(disk, path, copy);
      }
    } catch (IOException e) {
      log.warn("{}: cannot be kept as {}: {}", path, copy, e.toString());
    }
  }

  /** Forces what a killed process has not: nobody else does. */
  private void force(Path path) {
    try (DiskFile file = disk.open(path)) {
      file.force();
    } catch (IOException e) {
      checkpointWanted = true; // holds what the disk may have lost
      log.warn("{}: cannot be forced: {}", path, e.getMessage());
    }
  }

  /**
   * Cuts a segment after its last whole record. In the newest one an end in a record is what a
   * crash leaves behind; before that it is damage, or what a failed write could not undo.
   */
  private void repair(Path path, WalReader.End end, boolean newest) {
    if (end.torn() && newest) {
      log.info(
          "{} at byte {}: {}; cut after the last whole record", path, end.offset(), end.problem());
    } else {
      corrupt();
      log.error(
          "{} at byte {}: {}; cut there, nothing whole follows in this segment",
          path,
          end.offset(),
          end.problem());
      keepCopy(path);
    }
    try (DiskFile file = disk.open(path)) {
      file.setLength(end.offset());
      if (end.offset() == 0) {
        file.write(Wal.MAGIC, 0, Wal.MAGIC.length);
      }
      file.force();
    } catch (IOException e) {
      // a full disk; the next start finds the same end, then not in the newest segment
      log.warn("{}: cannot be cut: {}", path, e.getMessage());
    }
  }

  private void record(int type, ByteSource in) {
    progress.advance(in.remaining());
    switch (type) {
      case SeriesRecord.TYPE -> {
        int id = in.count(Integer.MAX_VALUE - 1);
        series(id, SeriesRecord.readLabels(in));
      }
      case BatchRecord.TYPE -> batch.read(in, this);
      case TombstoneRecord.TYPE -> replayDeletes(in);
      default -> checkpoint.record(type, in, this);
    }
  }

  private void replayDeletes(ByteSource in) {
    if (inCheckpoint) {
      checkpoint.record(TombstoneRecord.TYPE, in, this);
      return;
    }
    TombstoneMap deleted = new TombstoneMap();
    TombstoneRecord.read(in, deleted);
    tombstones(deleted);
  }
}
