/** Starts the framework, and the command line client. */
@NullMarked
package io.narthex.launch;

import org.jspecify.annotations.NullMarked;
