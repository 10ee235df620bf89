/** The settings of plugins, what waits for plugins, and what removed ones leave behind. */
@NullMarked
package io.narthex.core.settings;

import org.jspecify.annotations.NullMarked;
