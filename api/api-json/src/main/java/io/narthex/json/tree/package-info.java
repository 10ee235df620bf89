/** JSON as maps and lists; part of the jar of every plugin that uses it, with jackson-core. */
@NullMarked
package io.narthex.json.tree;

import org.jspecify.annotations.NullMarked;
