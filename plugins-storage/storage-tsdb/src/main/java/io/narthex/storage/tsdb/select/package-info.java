/** Reads series from several places as if they were one. */
@NullMarked
package io.narthex.storage.tsdb.select;

import org.jspecify.annotations.NullMarked;
