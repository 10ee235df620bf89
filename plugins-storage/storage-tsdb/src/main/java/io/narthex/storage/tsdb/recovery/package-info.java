/** Checkpoints of the head, and how it is filled at the start. */
@NullMarked
package io.narthex.storage.tsdb.recovery;

import org.jspecify.annotations.NullMarked;
