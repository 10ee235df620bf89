/** Comparison with the real Pushgateway, and kills of a server that groups are pushed to. */
@NullMarked
package io.narthex.bench.push;

import org.jspecify.annotations.NullMarked;
