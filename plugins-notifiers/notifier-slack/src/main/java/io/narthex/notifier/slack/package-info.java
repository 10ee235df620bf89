/** Notifications to Slack channels. */
@NullMarked
package io.narthex.notifier.slack;

import org.jspecify.annotations.NullMarked;
