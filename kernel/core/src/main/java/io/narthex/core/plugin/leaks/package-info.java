/** What versions of plugins leave behind when they have been taken out. */
@NullMarked
package io.narthex.core.plugin.leaks;

import org.jspecify.annotations.NullMarked;
