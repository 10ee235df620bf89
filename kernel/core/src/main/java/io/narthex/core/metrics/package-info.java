/** The server's own metrics. */
@NullMarked
package io.narthex.core.metrics;

import org.jspecify.annotations.NullMarked;
