/** Alerts on their way to people: routes, groups, inhibition, silences, notification log. */
@NullMarked
package io.narthex.alerting;

import org.jspecify.annotations.NullMarked;
