/**
 * The local time series database: a WAL, a head in memory and immutable blocks. The byte layouts
 * are described in {@code docs/formats/tsdb.md}.
 */
@NullMarked
package io.narthex.storage.tsdb;

import org.jspecify.annotations.NullMarked;
