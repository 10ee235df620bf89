package io.narthex.storage.tsdb.head;

import io.narthex.storage.tsdb.io.ByteSource;
import java.util.Arrays;

/** Makes chunks that cannot be decoded, to show who decodes them. */
public final class SpoiledChunks {
  private SpoiledChunks() {}

  /** Spoils all sealed chunks that are still on the heap; returns how many. */
  public static int of(Head head) {
    int spoiled = 0;
    PageScan scan = new PageScan();
    ByteSource in = new ByteSource();
    for (HeadChunks.Page p : head.chunks().snapshot()) {
      byte[] data = p == null ? null : p.data();
      if (p == null || data == null) {
        continue;
      }
      scan.reset(data, p.used, p.number);
      while (scan.next()) {
        in.reset(data, scan.offset() + Integer.BYTES, scan.end());
        in.varint();
        if (in.varint() > 0) {
          in.varint();
        }
        in.varint();
        Arrays.fill(data, in.position, scan.end(), (byte) 0xff);
        spoiled++;
      }
    }
    return spoiled;
  }
}
