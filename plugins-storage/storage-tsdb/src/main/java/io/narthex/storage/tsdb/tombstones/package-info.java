/** Deleted ranges of time by series. */
@NullMarked
package io.narthex.storage.tsdb.tombstones;

import org.jspecify.annotations.NullMarked;
