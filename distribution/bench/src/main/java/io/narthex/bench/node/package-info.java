/** What exporter-node costs beside the real node exporter. */
@NullMarked
package io.narthex.bench.node;

import org.jspecify.annotations.NullMarked;
