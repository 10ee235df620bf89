/** JSON as Go programs write it; embedded in the jar of every plugin that uses it. */
@NullMarked
package io.narthex.json;

import org.jspecify.annotations.NullMarked;
