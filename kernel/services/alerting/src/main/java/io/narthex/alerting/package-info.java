/** The Alertmanager: routes, aggregation groups, inhibition, silences, notification log. */
@NullMarked
package io.narthex.alerting;

import org.jspecify.annotations.NullMarked;
