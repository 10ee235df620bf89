/** The kernel proper: boot, and what it is made of. */
@NullMarked
package io.narthex.core;

import org.jspecify.annotations.NullMarked;
