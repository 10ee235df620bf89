package io.narthex.storage.tsdb.wal;

import io.narthex.storage.tsdb.io.DiskFile;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;

/**
 * A copy of what was written to the WAL since it was forced. After a failed force the kernel may
 * have dropped the bytes and forgotten the error, so that a second one proves nothing: they are
 * written again from here. Used under a lock of its owner.
 */
final class Unforced {
  private static final int BLOCK = 256 << 10;
  private static final int KEPT_BLOCKS = 4;

  private final Deque<byte[]> blocks = new ArrayDeque<>();
  private final Deque<byte[]> spare = new ArrayDeque<>();
  private int start; // in the first block
  private int end = BLOCK; // in the last block
  private long size;

  long size() {
    return size;
  }

  void add(byte[] bytes, int from, int length) {
    size += length;
    int at = from;
    for (int left = length; left > 0; ) {
      if (end == BLOCK) {
        byte[] next = spare.poll();
        blocks.addLast(next == null ? new byte[BLOCK] : next);
        end = 0;
      }
      int n = Math.min(left, BLOCK - end);
      System.arraycopy(bytes, at, blocks.getLast(), end, n);
      end += n;
      at += n;
      left -= n;
    }
  }

  /** Forgets the oldest bytes: they have been forced. */
  void dropFirst(long bytes) {
    size -= bytes;
    long left = start + bytes;
    while (left >= BLOCK) {
      recycle();
      left -= BLOCK;
    }
    start = (int) left;
    if (size == 0) {
      while (!blocks.isEmpty()) {
        recycle();
      }
      start = 0;
      end = BLOCK;
    }
  }

  private void recycle() {
    byte[] block = blocks.removeFirst();
    if (spare.size() < KEPT_BLOCKS) {
      spare.add(block);
    }
  }

  /** Reads it once, from the oldest byte on. Nothing may be added or dropped meanwhile. */
  final class Reader {
    private final Iterator<byte[]> next = blocks.iterator();
    private byte[] block = new byte[0];
    private int at = BLOCK;
    private long left = size;

    long left() {
      return left;
    }

    void read(byte[] into, int length) {
      for (int done = 0; done < length; ) {
        if (at == BLOCK) {
          at = left == size ? start : 0;
          block = next.next();
        }
        int n = Math.min(length - done, BLOCK - at);
        System.arraycopy(block, at, into, done, n);
        done += n;
        at += n;
        left -= n;
      }
    }
  }

  void writeTo(DiskFile file) throws IOException {
    int from = start;
    long left = size;
    for (byte[] block : blocks) {
      int n = (int) Math.min(left, BLOCK - from);
      file.write(block, from, n);
      left -= n;
      from = 0;
    }
  }
}
