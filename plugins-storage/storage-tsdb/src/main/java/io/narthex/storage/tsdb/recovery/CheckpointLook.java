package io.narthex.storage.tsdb.recovery;

import io.narthex.storage.tsdb.frames.Frame;
import io.narthex.storage.tsdb.frames.FrameReader;
import io.narthex.storage.tsdb.head.ChunkFiles;
import io.narthex.storage.tsdb.io.ByteSource;
import java.lang.foreign.MemorySegment;
import java.util.Map;

/** Reads a checkpoint of format 2 and takes nothing from it. */
final class CheckpointLook implements FrameReader.Handler {
  /** Takes what is damaged. */
  interface Damage {
    void damaged(long offset, String reason, MemorySegment bytes);
  }

  private final Damage into;
  private final ChunkFiles.Listing pages = new ChunkFiles.Listing();
  private int expectedPages = -1; // not known
  private boolean ended;
  private boolean damaged;

  CheckpointLook(Damage into) {
    this.into = into;
  }

  @Override
  public void record(int type, ByteSource body, long offset) {
    switch (type) {
      case Frame.START -> {
        if (!FrameReader.isStart(body, Frame.Kind.CHECKPOINT)) {
          throw new ByteSource.Malformed("no checkpoint of this version");
        }
      }
      case Checkpoint.HEAD -> expectedPages = Checkpoint.Top.read(body).pages();
      case Checkpoint.PAGES -> pages.read(body);
      default -> ended = type == Checkpoint.END;
    }
  }

  @Override
  public void damage(long offset, long length, String reason, MemorySegment bytes) {
    damaged = true;
    into.damaged(offset, reason, bytes);
  }

  /** Returns whether everything in it can be read. */
  boolean isWhole() {
    return isEnded() && !damaged && isListingWhole();
  }

  /** Returns whether its last record is there. */
  boolean isEnded() {
    return ended;
  }

  /** Returns whether it is known which pages of chunks it refers to. */
  boolean isListingWhole() {
    return pages.pages() == expectedPages;
  }

  /** Returns the files of chunks it refers to, with the length that each must have. */
  Map<Integer, Long> chunkFiles() {
    return pages.files();
  }
}
