/** Notifications by e-mail. */
@NullMarked
package io.narthex.notifier.email;

import org.jspecify.annotations.NullMarked;
