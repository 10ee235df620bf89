/** Side-by-side comparisons with other servers on identical data. */
@NullMarked
package io.narthex.bench;

import org.jspecify.annotations.NullMarked;
