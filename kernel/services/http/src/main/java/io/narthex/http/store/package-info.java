/** Files of state, and changes that are refused. */
@NullMarked
package io.narthex.http.store;

import org.jspecify.annotations.NullMarked;
