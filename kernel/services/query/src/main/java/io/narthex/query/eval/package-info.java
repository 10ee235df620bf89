/** Evaluates a planned query: selectors, operators, aggregations, windows. */
@NullMarked
package io.narthex.query.eval;

import org.jspecify.annotations.NullMarked;
