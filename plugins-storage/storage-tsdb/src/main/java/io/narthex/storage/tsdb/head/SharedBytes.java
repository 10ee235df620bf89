package io.narthex.storage.tsdb.head;

import io.narthex.storage.tsdb.chunks.ChunkCodec;
import io.narthex.storage.tsdb.io.ByteSink;
import io.narthex.storage.tsdb.io.ByteSource;
import java.util.Arrays;

/**
 * The bytes of a chunk as what they have in common with those of the series before, which has most
 * often been scraped at the same times. One for each place that a chunk can have.
 *
 * <pre>
 * varint bytes | varint how many of the first ones are those of the series before | the others
 * </pre>
 */
final class SharedBytes {
  /** Bytes of a chunk at most: sixteen rows have a few hundred. */
  private static final int MOST = 1 << 14;

  /** With room behind them for what reads chunks. */
  byte[] bytes = new byte[64 + ChunkCodec.SLACK];

  int size;

  /** Begins a record. */
  void clear() {
    size = 0;
  }

  void write(byte[] from, int offset, int n, ByteSink out) {
    int common = Arrays.mismatch(bytes, 0, size, from, offset, offset + n);
    int shared = common < 0 ? n : common;
    out.varint(n);
    out.varint(shared);
    out.bytes(from, offset + shared, n - shared);
    replace(from, offset, shared, n);
  }

  void read(ByteSource in) {
    int n = in.count(MOST);
    int shared = in.count(Math.min(n, size));
    int from = in.position;
    in.skip(n - shared);
    replace(in.data, from - shared, shared, n);
  }

  private void replace(byte[] from, int offset, int shared, int n) {
    if (bytes.length < n + ChunkCodec.SLACK) {
      bytes = Arrays.copyOf(bytes, n * 2 + ChunkCodec.SLACK);
    }
    System.arraycopy(from, offset + shared, bytes, shared, n - shared);
    size = n;
  }
}
