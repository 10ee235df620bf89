/** Engines over samples that are given with the query, for unit tests of rules. */
@NullMarked
package io.narthex.query.bench;

import org.jspecify.annotations.NullMarked;
