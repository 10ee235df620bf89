/** What plugins may be told, what waits for them, and what they leave behind. */
@NullMarked
package io.narthex.core.settings;

import org.jspecify.annotations.NullMarked;
