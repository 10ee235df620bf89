/** The newest samples, in memory. */
@NullMarked
package io.narthex.storage.tsdb.head;

import org.jspecify.annotations.NullMarked;
