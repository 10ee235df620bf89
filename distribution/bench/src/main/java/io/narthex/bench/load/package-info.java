/** Much data: what it does to latencies, and that none of it is lost. */
@NullMarked
package io.narthex.bench.load;

import org.jspecify.annotations.NullMarked;
