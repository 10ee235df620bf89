/** Kills, failing disks and power cuts: what was acknowledged is there afterwards. */
@NullMarked
package io.narthex.bench.crash;

import org.jspecify.annotations.NullMarked;
