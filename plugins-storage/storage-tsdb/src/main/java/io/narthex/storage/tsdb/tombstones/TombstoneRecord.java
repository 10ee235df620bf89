package io.narthex.storage.tsdb.tombstones;

import io.narthex.storage.tsdb.io.ByteSink;
import io.narthex.storage.tsdb.io.ByteSource;

/**
 * Record of deleted ranges: varint series; for each: varint id, varint ranges, zigzag first and
 * last times.
 */
public final class TombstoneRecord {
  public static final int TYPE = 3;

  private TombstoneRecord() {}

  public static void write(TombstoneMap tombstones, ByteSink out) {
    out.varint(tombstones.size());
    tombstones.forEach((id, ranges) -> {
      out.varint(id);
      out.varint(ranges.length / 2);
      for (long t : ranges) {
        out.zigzag(t);
      }
    });
  }

  public static void read(ByteSource in, TombstoneMap into) {
    int series = in.count(in.remaining());
    for (int i = 0; i < series; i++) {
      int id = in.count(Integer.MAX_VALUE);
      int ranges = in.count(in.remaining());
      for (int r = 0; r < ranges; r++) {
        long min = in.zigzag();
        into.add(id, min, in.zigzag());
      }
    }
  }
}
