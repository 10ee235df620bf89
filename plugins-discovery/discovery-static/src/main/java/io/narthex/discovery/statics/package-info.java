/** Discovery of targets that stand in the configuration itself. */
@NullMarked
package io.narthex.discovery.statics;

import org.jspecify.annotations.NullMarked;
