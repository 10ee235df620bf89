/** Updates plugins of a running server over and over, under load, and looks for what was lost. */
@NullMarked
package io.narthex.bench.torture;

import org.jspecify.annotations.NullMarked;
