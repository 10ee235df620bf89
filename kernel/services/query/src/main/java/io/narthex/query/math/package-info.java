/** Numbers with the digits of Go: elementary functions, dates, compensated sums, operators. */
@NullMarked
package io.narthex.query.math;

import org.jspecify.annotations.NullMarked;
