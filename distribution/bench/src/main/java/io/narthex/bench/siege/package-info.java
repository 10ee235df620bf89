/** A server under everything that is hostile at once, judged by what its users see. */
@NullMarked
package io.narthex.bench.siege;

import org.jspecify.annotations.NullMarked;
