/** Finds series by matchers: what the indexes of the head and of blocks have in common. */
@NullMarked
package io.narthex.storage.tsdb.index;

import org.jspecify.annotations.NullMarked;
