/** How a plugin describes its configuration block: one annotated record. */
@Export
@Version("1.1.0")
@NullMarked
package io.narthex.spi.config;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
