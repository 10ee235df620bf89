/** JSON as maps and lists; embedded, with jackson-core, in the jar of every plugin that uses it. */
@NullMarked
package io.narthex.json.tree;

import org.jspecify.annotations.NullMarked;
