/** Discovery of the JVMs of this machine. */
@NullMarked
package io.narthex.discovery.jvm;

import org.jspecify.annotations.NullMarked;
