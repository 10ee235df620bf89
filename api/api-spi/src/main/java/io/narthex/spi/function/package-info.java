/** Plugins that add functions to PromQL. */
@Export
@Version("1.1.0")
@NullMarked
package io.narthex.spi.function;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
