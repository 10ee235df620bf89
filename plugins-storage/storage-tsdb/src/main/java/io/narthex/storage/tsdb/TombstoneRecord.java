package io.narthex.storage.tsdb;

/**
 * Record of deleted ranges: varint series; for each: varint id, varint ranges, zigzag first and
 * last times.
 */
final class TombstoneRecord {
  static final int TYPE = 3;

  private TombstoneRecord() {}

  static void write(TombstoneMap tombstones, ByteSink out) {
    out.varint(tombstones.size());
    tombstones.forEach((id, ranges) -> {
      out.varint(id);
      out.varint(ranges.length / 2);
      for (long t : ranges) {
        out.zigzag(t);
      }
    });
  }

  static void read(ByteSource in, TombstoneMap into) {
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
