/** Metrics of the Linux host, with the names of node_exporter. */
@NullMarked
package io.narthex.exporter.node;

import org.jspecify.annotations.NullMarked;
