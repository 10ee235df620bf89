/** Samples of a series as columns, and how they are encoded in a chunk. */
@NullMarked
package io.narthex.storage.tsdb.chunks;

import org.jspecify.annotations.NullMarked;
