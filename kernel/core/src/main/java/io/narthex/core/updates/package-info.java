/**
 * Updates of the bundles of the server itself: replacement while it runs, trial at the next start,
 * rollback.
 */
@NullMarked
package io.narthex.core.updates;

import org.jspecify.annotations.NullMarked;
