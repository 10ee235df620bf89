/** Counters and distributions that the metrics of the database are made of. */
@NullMarked
package io.narthex.storage.tsdb.metrics;

import org.jspecify.annotations.NullMarked;
