/** The local storage next to Prometheus and VictoriaMetrics, on identical data. */
@NullMarked
package io.narthex.bench.storage;

import org.jspecify.annotations.NullMarked;
