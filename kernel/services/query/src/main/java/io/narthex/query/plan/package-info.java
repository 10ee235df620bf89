/** Decides what of a query is shared, moved or left out before it is evaluated. */
@NullMarked
package io.narthex.query.plan;

import org.jspecify.annotations.NullMarked;
