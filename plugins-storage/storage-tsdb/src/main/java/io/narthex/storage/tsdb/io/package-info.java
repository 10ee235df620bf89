/** Bytes of the formats, what they may hold at most, and folders. */
@NullMarked
package io.narthex.storage.tsdb.io;

import org.jspecify.annotations.NullMarked;
