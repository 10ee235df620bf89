/** Runs the instances that plugins open. */
@NullMarked
package io.narthex.core.host;

import org.jspecify.annotations.NullMarked;
