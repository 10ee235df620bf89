/** Hostile inputs to everything that reads what comes from outside. */
@NullMarked
package io.narthex.bench.hostile;

import org.jspecify.annotations.NullMarked;
