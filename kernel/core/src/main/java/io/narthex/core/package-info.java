/** Boot, state and folders of the server, and the metrics of the whole. */
@NullMarked
package io.narthex.core;

import org.jspecify.annotations.NullMarked;
