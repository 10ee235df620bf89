package io.narthex.storage.tsdb.wal;

/**
 * Bytes of the records of rows.
 *
 * <pre>
 * ROWS          varint sequence number | zigzag time | tokens
 * OUT_OF_ORDER  zigzag time | tokens, none of which refers to another row
 *
 * 00 + n - 1              n = 1 … 32 rows of series with rising ids whose value is the previous one
 * a difference of the mantissa to the previous one:
 * 80 + z - 1              zigzag z = 1 … 128
 * 20 + z / 2^8, 1 byte    z &lt; 2^13
 * 40 + z / 2^16, 2 bytes  z &lt; 2^20
 * 50 + z / 2^24, 3 bytes  z &lt; 2^26
 * 54 + z / 2^16, 2 bytes  z &lt; 2^18, times 1024
 * 58, zigzag              any
 * 59, zigzag n            the previous value as a double, plus n / 10^9
 * 60 + n - 1, n bytes     the previous bits XOR these
 * rows that refer to no other:
 * 70 + k, zigzag m        m / 10^k, k = 0 … 9
 * 7a, 8 bytes             bits of the double
 * 7b                      staleness marker
 * 7c, varint n, n bytes   histogram: chunk of one row with its time as base
 * for the rows that follow:
 * 7d, zigzag              the id is this much more than that of the row before plus one
 * 7e, zigzag              the time is this much later than before
 * 7f, zigzag              the next row alone: start time, minus the last one or the record's time
 * </pre>
 *
 * The first row has id 0 but for its 7d. A row that refers to another has its start time, one that
 * does not has none, but for their 7f. Markers and histograms are not referred to.
 */
final class RowsRecord {
  static final int RUN = 0x00;
  static final int MAX_RUN = 32;
  static final int DELTA_13 = 0x20;
  static final int DELTA_20 = 0x40;
  static final int DELTA_26 = 0x50;
  static final int DELTA_KIB = 0x54;
  static final int KIB_BITS = 10;
  static final int DELTA = 0x58;
  static final int SUM = 0x59;
  static final int XOR = 0x60;
  static final int XOR_END = 0x68;
  static final int DECIMAL = 0x70;
  static final int RAW = 0x7a;
  static final int STALE = 0x7b;
  static final int HISTOGRAM = 0x7c;
  static final int ID = 0x7d;
  static final int TIME = 0x7e;
  static final int START = 0x7f;
  static final int DELTA_7 = 0x80;

  /** Largest scale of a mantissa: nanoseconds. */
  static final int MAX_SCALE = 9;

  /** What SUM counts. */
  static final double SUM_UNIT = 1e9;

  private RowsRecord() {}
}
