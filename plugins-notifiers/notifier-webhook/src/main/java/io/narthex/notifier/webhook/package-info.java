/** Notifications as JSON to any URL. */
@NullMarked
package io.narthex.notifier.webhook;

import org.jspecify.annotations.NullMarked;
