/** A notifier as a plain jar, without OSGi. */
@NullMarked
package io.acme.notifier;

import org.jspecify.annotations.NullMarked;
