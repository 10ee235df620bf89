package io.narthex.storage.tsdb;

import io.narthex.storage.tsdb.frames.Frame;
import io.narthex.storage.tsdb.io.Directories;
import io.narthex.storage.tsdb.io.Disk;
import io.narthex.storage.tsdb.io.LocalDisk;
import io.narthex.storage.tsdb.wal.FramedWal;
import io.narthex.storage.tsdb.wal.Wal;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/**
 * Where the files of the WAL are in a format.
 *
 * @param framed whether that is format 3, as of new folders
 */
record WalFiles(boolean framed) {
  /** Makes a new folder one of this format. */
  void prepare(Path root) {
    prepare(LocalDisk.INSTANCE, root);
  }

  /** Makes a new folder on a disk one of this format. */
  void prepare(Disk disk, Path root) {
    if (!framed) {
      byte[] version = "narthex tsdb 1\n".getBytes(StandardCharsets.US_ASCII);
      try {
        Directories.create(disk, root);
        Directories.write(disk, root.resolve("tsdb.version"), version, version.length);
      } catch (IOException e) {
        throw new AssertionError(e);
      }
    }
  }

  Path wal(Path root) {
    return root.resolve(framed ? "wal" : "log");
  }

  Path head(Path root) {
    return root.resolve(framed ? "head" : "log");
  }

  String segment(int number) {
    return framed ? Frame.Kind.WAL.fileName(number) : Wal.name(number, Wal.SEGMENT_SUFFIX);
  }

  String checkpoint(int number) {
    return framed
        ? Frame.Kind.CHECKPOINT.fileName(number)
        : Wal.name(number, Wal.CHECKPOINT_SUFFIX);
  }

  List<Integer> segments(Path root) {
    return framed
        ? FramedWal.numbers(LocalDisk.INSTANCE, wal(root), Frame.Kind.WAL)
        : Wal.numbers(LocalDisk.INSTANCE, wal(root), Wal.SEGMENT_SUFFIX);
  }

  List<Integer> checkpoints(Path root) {
    return framed
        ? FramedWal.numbers(LocalDisk.INSTANCE, head(root), Frame.Kind.CHECKPOINT)
        : Wal.numbers(LocalDisk.INSTANCE, head(root), Wal.CHECKPOINT_SUFFIX);
  }
}
