/** Jars and bundles as files: what they are, looked at without running anything of them. */
@NullMarked
package io.narthex.core.plugin.jars;

import org.jspecify.annotations.NullMarked;
