/** Compares the API with what was promised before. */
@NullMarked
package io.narthex.baseline;

import org.jspecify.annotations.NullMarked;
