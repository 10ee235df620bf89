/** The write-ahead log: segments of records, written before an append is acknowledged. */
@NullMarked
package io.narthex.storage.tsdb.wal;

import org.jspecify.annotations.NullMarked;
