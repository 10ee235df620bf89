/** Plugins that store samples and select them. */
@Export
@Version("1.5.0")
@NullMarked
package io.narthex.spi.storage;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
