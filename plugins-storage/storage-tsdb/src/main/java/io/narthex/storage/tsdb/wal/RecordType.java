package io.narthex.storage.tsdb.wal;

/** Types of the records of the WAL. */
final class RecordType {
  static final int SERIES = 1;
  static final int ROWS = 2;
  static final int TOMBSTONES = 3;
  static final int OUT_OF_ORDER = 4;
  static final int EXEMPLARS = 5;

  /** {@link #SERIES}, deflated; in folders of format 3. */
  static final int PACKED_SERIES = 6;

  private RecordType() {}
}
