/** What belongs to one running query: options, limits, memory, turns, annotations. */
@NullMarked
package io.narthex.query.context;

import org.jspecify.annotations.NullMarked;
