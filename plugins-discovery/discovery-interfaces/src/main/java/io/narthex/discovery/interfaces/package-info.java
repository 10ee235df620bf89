/** Targets on the addresses of this machine. */
@NullMarked
package io.narthex.discovery.interfaces;

import org.jspecify.annotations.NullMarked;
