/** Notifications as PagerDuty events. */
@NullMarked
package io.narthex.notifier.pagerduty;

import org.jspecify.annotations.NullMarked;
