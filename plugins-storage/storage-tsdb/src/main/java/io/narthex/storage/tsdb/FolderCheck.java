package io.narthex.storage.tsdb;

import io.narthex.spi.storage.StorageException;
import io.narthex.storage.tsdb.block.Block;
import io.narthex.storage.tsdb.block.BlockSource;
import io.narthex.storage.tsdb.block.Ulid;
import io.narthex.storage.tsdb.frames.Frame;
import io.narthex.storage.tsdb.frames.FrameReader;
import io.narthex.storage.tsdb.head.ChunkFiles;
import io.narthex.storage.tsdb.io.ByteSource;
import io.narthex.storage.tsdb.io.Disk;
import io.narthex.storage.tsdb.io.LocalDisk;
import io.narthex.storage.tsdb.recovery.Checkpoint;
import io.narthex.storage.tsdb.wal.FramedWal;
import io.narthex.storage.tsdb.wal.SegmentReader;
import io.narthex.storage.tsdb.wal.Wal;
import io.narthex.storage.tsdb.wal.WalReader;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/**
 * Reads every byte of a database and reports what is damaged. Changes nothing; a server may be at
 * work in the folder.
 */
final class FolderCheck {
  private final Disk disk = LocalDisk.INSTANCE;
  private final Path root;
  private final PrintStream out;
  private final List<Path> blocksWithDamagedChunks = new ArrayList<>();
  private int damaged;

  FolderCheck(Path root, PrintStream out) {
    this.root = root;
    this.out = out;
  }

  /** Prints a line per file or block and damaged place; returns how many places are damaged. */
  int run() throws IOException {
    DataFolder.checkVersion(disk, root);
    Path wal = DataFolder.walOf(disk, root);
    Path head = DataFolder.checkpointsOf(disk, root);
    if (disk.isDirectory(wal)) { // else a snapshot, which has blocks alone
      if (wal.equals(head)) {
        log(wal);
      } else {
        if (DataFolder.beginsWithLog(disk, root)) {
          log(DataFolder.logOf(root));
        }
        frames(wal, head);
      }
    }
    for (Path folder : disk.list(root.resolve("blocks")).stream().sorted().toList()) {
      if (Ulid.isUlid(folder.getFileName().toString())) {
        block(folder);
      } else {
        out.println("aside    " + folder + ": not served");
      }
    }
    metadata(root.resolve(FamilyMetadata.FILE));
    return damaged;
  }

  private void log(Path log) throws IOException {
    List<Integer> checkpoints = Wal.numbers(disk, log, Wal.CHECKPOINT_SUFFIX);
    for (int number : checkpoints) {
      records(log.resolve(Wal.name(number, Wal.CHECKPOINT_SUFFIX)), false);
    }
    List<Integer> segments = Wal.numbers(disk, log, Wal.SEGMENT_SUFFIX);
    if (checkpoints.isEmpty() && !segments.isEmpty() && segments.get(0) > 1) {
      report(log.resolve(Wal.name(segments.get(0), Wal.CHECKPOINT_SUFFIX)), "is missing");
    }
    for (int i = 0; i < segments.size(); i++) {
      if (i > 0 && segments.get(i) != segments.get(i - 1) + 1) {
        report(
            log,
            "segments between " + segments.get(i - 1) + " and " + segments.get(i) + " are missing");
      }
      records(log.resolve(Wal.name(segments.get(i), Wal.SEGMENT_SUFFIX)), i == segments.size() - 1);
    }
  }

  /** Reads a file of format 2. */
  private interface Reading {
    FrameReader.End read(FrameReader.Handler into) throws IOException;
  }

  private void frames(Path wal, Path head) {
    List<Integer> checkpoints = FramedWal.numbers(disk, head, Frame.Kind.CHECKPOINT);
    for (int number : checkpoints) {
      Path file = head.resolve(Frame.Kind.CHECKPOINT.fileName(number));
      TreeMap<Integer, Long> chunkFiles = new TreeMap<>();
      frames(
          file,
          into ->
              FrameReader.read(
                  disk, file, Frame.Kind.CHECKPOINT, number, false, listing(into, chunkFiles)));
      checkListed(head, file, chunkFiles);
    }
    chunks(head);
    List<Integer> segments = FramedWal.numbers(disk, wal, Frame.Kind.WAL);
    if (checkpoints.isEmpty() && !segments.isEmpty() && segments.getFirst() > 1) {
      report(head.resolve(Frame.Kind.CHECKPOINT.fileName(segments.getFirst())), "is missing");
    }
    for (int i = 0; i < segments.size(); i++) {
      int number = segments.get(i);
      int next = i + 1 < segments.size() ? segments.get(i + 1) : 0;
      if (i > 0 && number != segments.get(i - 1) + 1) {
        report(wal, "segments between " + segments.get(i - 1) + " and " + number + " are missing");
      }
      frames(
          wal.resolve(Frame.Kind.WAL.fileName(number)),
          into -> SegmentReader.frames(disk, wal, number, next, into));
    }
  }

  /** Notes the files of chunks that a checkpoint refers to. */
  private static FrameReader.Handler listing(
      FrameReader.Handler into, TreeMap<Integer, Long> chunkFiles) {
    return new FrameReader.Handler() {
      @Override
      public void record(int type, ByteSource body, long offset) {
        into.record(type, body, offset);
        if (type == Checkpoint.PAGES) {
          ChunkFiles.Listing pages = new ChunkFiles.Listing();
          pages.read(body);
          pages.files().forEach((file, end) -> chunkFiles.merge(file, end, Math::max));
        }
      }

      @Override
      public void damage(long offset, long length, String reason, MemorySegment bytes) {
        into.damage(offset, length, reason, bytes);
      }
    };
  }

  private void chunks(Path head) {
    List<Integer> numbers = FramedWal.numbers(disk, head, Frame.Kind.CHUNKS);
    for (int number : numbers) {
      Path file = head.resolve(Frame.Kind.CHUNKS.fileName(number));
      boolean last = number == numbers.getLast();
      frames(file, into -> FrameReader.read(disk, file, Frame.Kind.CHUNKS, number, last, into));
    }
  }

  /** Looks for the files of chunks that a checkpoint refers to. */
  private void checkListed(Path head, Path checkpoint, TreeMap<Integer, Long> wanted) {
    wanted.forEach((number, end) -> {
      Path file = head.resolve(Frame.Kind.CHUNKS.fileName(number));
      long size;
      try {
        size = disk.size(file);
      } catch (IOException e) {
        size = -1;
      }
      if (size < end && disk.exists(checkpoint)) { // else its owner has replaced both
        report(
            file,
            size < 0
                ? "is missing, and " + checkpoint + " refers to it"
                : " at byte " + size + ": ends before byte " + end);
      }
    });
  }

  private void frames(Path file, Reading reading) {
    int before = damaged;
    int[] records = {0};
    FrameReader.End end;
    try {
      end =
          reading.read(
              new FrameReader.Handler() {
                @Override
                public void record(int type, ByteSource body, long offset) {
                  records[0]++;
                }

                @Override
                public void damage(long offset, long length, String reason, MemorySegment bytes) {
                  report(file, " at byte " + offset + ": " + reason);
                }
              });
    } catch (IOException e) {
      if (disk.exists(file)) {
        report(file, " at byte 0: " + e.getMessage());
      }
      return; // its owner has deleted it
    }
    if (damaged == before) {
      String torn = end.torn() == null ? "" : ", ends in a record that is being written";
      out.println("ok       " + file + ": " + records[0] + " records" + torn);
    }
  }

  private void metadata(Path file) throws IOException {
    if (!disk.exists(file)) {
      return;
    }
    try {
      out.println("ok       " + file + ": " + FamilyMetadata.read(disk, file).size() + " families");
    } catch (StorageException.Corrupt e) {
      damaged++;
      out.println("damaged  " + e.getMessage());
    }
  }

  /** Returns the blocks that can be opened, but have chunks that cannot be read. */
  List<Path> blocksWithDamagedChunks() {
    return List.copyOf(blocksWithDamagedChunks);
  }

  private void report(Path place, String problem) {
    damaged++;
    out.println("damaged  " + place + (problem.startsWith(" at") ? "" : ": ") + problem);
  }

  /** Reports damage of a folder; the message may name a file in it. */
  private void report(Path folder, Throwable problem) {
    damaged++;
    String message = String.valueOf(problem.getMessage());
    out.println("damaged  " + (message.startsWith(folder + "/") ? "" : folder + ": ") + message);
  }

  private void records(Path file, boolean newest) throws IOException {
    int[] records = {0};
    int before = damaged;
    WalReader.End end;
    try {
      end =
          WalReader.readAll(
              disk,
              file,
              (type, body) -> records[0]++,
              gap -> report(file, " at byte " + gap.offset() + ": " + gap.problem()));
    } catch (StorageException.Failed e) {
      if (disk.exists(file)) {
        report(file, " at byte 0: " + e.getMessage());
      }
      return; // its owner has deleted it
    }
    if (end.problem() != null && !(newest && end.torn())) {
      report(file, " at byte " + end.offset() + ": " + end.problem());
    }
    if (damaged == before) {
      String torn = end.problem() == null ? "" : ", ends in a record that is being written";
      out.println("ok       " + file + ": " + records[0] + " records" + torn);
    }
  }

  private void block(Path folder) {
    int before = damaged;
    Block block;
    try {
      block = new Block(disk, folder);
    } catch (StorageException e) {
      if (disk.exists(folder.resolve("index"))) {
        report(folder, e);
      }
      return; // its owner has deleted it
    }
    long samples = 0;
    int series = 0;
    BlockSource source =
        new BlockSource(block, block.all(), Long.MIN_VALUE, Long.MAX_VALUE, e -> report(folder, e));
    try {
      source.nextSeries();
      while (source.isOnSeries()) {
        series++;
        while (source.nextRows()) {
          samples += source.rows.size;
        }
        source.nextSeries();
      }
    } catch (RuntimeException | InternalError e) {
      report(folder, e);
    } finally {
      source.close();
      block.release();
    }
    if (damaged > before) {
      blocksWithDamagedChunks.add(folder);
    } else {
      out.println("ok       " + folder + ": " + series + " series, " + samples + " samples");
    }
  }
}
