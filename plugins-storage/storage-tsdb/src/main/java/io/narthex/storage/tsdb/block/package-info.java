/** Immutable blocks on the disk: their files, and the list of them. */
@NullMarked
package io.narthex.storage.tsdb.block;

import org.jspecify.annotations.NullMarked;
