package io.narthex.storage.tsdb.head;

import io.narthex.storage.tsdb.chunks.ChunkCodec;
import io.narthex.storage.tsdb.chunks.ChunkRows;
import io.narthex.storage.tsdb.io.ByteSink;
import io.narthex.storage.tsdb.io.ByteSource;
import org.jspecify.annotations.Nullable;

/**
 * Small chunks of float rows between the open rows of a series and its sealed chunks: sixteen rows
 * alone cost three times the bytes a row of a long chunk does, so {@link #CHUNKS} of them are
 * rewritten into one. Tails are in the heap, sealed chunks in files: eight to a chunk would save
 * 0.2 bytes a sample on the disk, for 68 bytes a series in the heap. The arrays are never changed,
 * so readers keep them without copying.
 *
 * <pre>
 * u8 chunks | per chunk: varint length, chunk with times relative to the page's base
 * </pre>
 */
final class Tail {
  /** With this many small chunks a tail is rewritten into one chunk. */
  static final int CHUNKS = 4;

  /** A file may have a tail of up to this many: earlier versions rewrote eight. */
  static final int MOST_READ = 7;

  private Tail() {}

  /** Returns how many small chunks there are. */
  static int count(byte @Nullable [] tail) {
    return tail == null ? 0 : tail[0];
  }

  /** Returns a tail with rows added as one more chunk. */
  static byte[] append(
      byte @Nullable [] tail,
      ChunkCodec codec,
      ChunkRows rows,
      long baseMs,
      ByteSink chunk,
      ByteSink scratch) {
    chunk.clear();
    codec.write(rows, 0, rows.size, baseMs, chunk);
    scratch.clear();
    scratch.varint(chunk.size);
    int old = tail == null ? 1 : tail.length;
    byte[] next = new byte[old + scratch.size + chunk.size];
    if (tail != null) {
      System.arraycopy(tail, 0, next, 0, old);
    }
    next[0]++;
    System.arraycopy(scratch.data, 0, next, old, scratch.size);
    System.arraycopy(chunk.data, 0, next, old + scratch.size, chunk.size);
    return next;
  }

  /** Returns the time of the first row. */
  static long firstTime(byte[] tail, long baseMs, ByteSource in) {
    in.reset(tail, 1, tail.length);
    in.varint();
    return ChunkCodec.firstTime(in, baseMs);
  }

  /** Reads the chunks of a tail one after the other. Holds scratch memory. */
  static final class Reader {
    private byte[] bytes = new byte[512];
    private final ByteSource in = new ByteSource();
    private long baseMs;
    private int end;
    private int left;

    void reset(byte @Nullable [] tail, long base) {
      left = count(tail);
      if (tail != null) {
        if (bytes.length < tail.length + ChunkCodec.SLACK) {
          bytes = new byte[tail.length * 2 + ChunkCodec.SLACK];
        }
        System.arraycopy(tail, 0, bytes, 0, tail.length);
        in.reset(bytes, 1, tail.length);
        end = tail.length;
        baseMs = base;
      }
    }

    /** Reads the next chunk. */
    boolean next(ChunkCodec codec, ChunkRows into) {
      if (left == 0) {
        return false;
      }
      left--;
      in.limit = end;
      int length = in.count(end);
      int start = in.position;
      in.limit = start + length;
      codec.read(in, baseMs, into);
      in.position = start + length;
      return true;
    }
  }
}
