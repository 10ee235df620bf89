/** What uninstalled versions of plugins leave behind. */
@NullMarked
package io.narthex.core.plugin.leaks;

import org.jspecify.annotations.NullMarked;
