/** Checks of files without a running server: configuration, rules, metrics, secrets, discovery. */
@NullMarked
package io.narthex.core.check;

import org.jspecify.annotations.NullMarked;
