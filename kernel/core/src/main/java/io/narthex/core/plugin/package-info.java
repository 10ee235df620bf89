/** The life cycle of plugins: drop folder, orders, versions, activation, probation, crashes. */
@NullMarked
package io.narthex.core.plugin;

import org.jspecify.annotations.NullMarked;
