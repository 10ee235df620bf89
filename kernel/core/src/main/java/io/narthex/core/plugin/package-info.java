/** The plugin manager: drop folder, checks, swap, audit. */
@NullMarked
package io.narthex.core.plugin;

import org.jspecify.annotations.NullMarked;
