/** Rule files, their evaluation, and the way of alerts to Alertmanagers. */
@NullMarked
package io.narthex.rules;

import org.jspecify.annotations.NullMarked;
