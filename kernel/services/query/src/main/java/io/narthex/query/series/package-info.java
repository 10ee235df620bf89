/** The values of an evaluation: steps, series of samples, series of values. */
@NullMarked
package io.narthex.query.series;

import org.jspecify.annotations.NullMarked;
