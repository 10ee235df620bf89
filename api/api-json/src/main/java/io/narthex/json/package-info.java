/** JSON texts as the originals write them; part of the jar of every plugin that uses it. */
@NullMarked
package io.narthex.json;

import org.jspecify.annotations.NullMarked;
