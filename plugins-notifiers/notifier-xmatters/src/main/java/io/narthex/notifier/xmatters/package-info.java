/** Notifications that trigger xMatters workflows. */
@NullMarked
package io.narthex.notifier.xmatters;

import org.jspecify.annotations.NullMarked;
