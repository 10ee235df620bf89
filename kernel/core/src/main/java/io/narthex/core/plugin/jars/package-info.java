/** Jars and bundles as files, inspected without running their code. */
@NullMarked
package io.narthex.core.plugin.jars;

import org.jspecify.annotations.NullMarked;
