package io.narthex.storage.tsdb.recovery;

import io.narthex.storage.tsdb.frames.Frame;
import io.narthex.storage.tsdb.frames.FrameReader;
import io.narthex.storage.tsdb.frames.FrameWriter;
import io.narthex.storage.tsdb.io.ByteSink;
import io.narthex.storage.tsdb.io.ByteSource;
import io.narthex.storage.tsdb.io.Disk;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A checkpoint of format 2. */
final class FramedCheckpointFile implements CheckpointFile {
  /** Records are collected up to so many bytes: arrays of a MiB would get regions of the heap. */
  private static final int MANY_BYTES = 256 << 10;

  private final Disk disk;
  private final Path path;
  private final int number;
  private final FrameWriter frames;

  FramedCheckpointFile(Disk disk, Path path, int number) throws IOException {
    this.disk = disk;
    this.path = path;
    this.number = number;
    frames = new FrameWriter(disk, path, Frame.Kind.CHECKPOINT, number);
    frames.end();
  }

  @Override
  public ByteSink begin(int type) {
    return frames.begin(type);
  }

  @Override
  public void end() {
    frames.end();
  }

  @Override
  public void writeIfMany() throws IOException {
    if (frames.waiting() >= MANY_BYTES) {
      frames.write();
    }
  }

  @Override
  public long finish() throws IOException {
    frames.write();
    frames.force();
    return frames.length();
  }

  @Override
  public void readBack(Reader records) throws IOException {
    List<String> problems = new ArrayList<>();
    FrameReader.read(
        disk,
        path,
        Frame.Kind.CHECKPOINT,
        number,
        false,
        new FrameReader.Handler() {
          @Override
          public void record(int type, ByteSource body, long offset) {
            if (type != Frame.START) {
              records.record(type, body);
            } else if (!FrameReader.isStart(body, Frame.Kind.CHECKPOINT)) {
              throw new ByteSource.Malformed("no checkpoint of this version");
            }
          }

          @Override
          public void damage(long offset, long length, String reason, MemorySegment bytes) {
            problems.add("at byte " + offset + " of " + frames.length() + ": " + reason);
          }
        });
    if (!problems.isEmpty()) {
      throw new IOException("reads back damaged " + problems.getFirst());
    }
  }

  @Override
  public void close() throws IOException {
    frames.close();
  }
}
