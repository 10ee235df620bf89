/** Metrics of this server's own JVM. */
@NullMarked
package io.narthex.exporter.jvm;

import org.jspecify.annotations.NullMarked;
