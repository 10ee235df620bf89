/** Plugins that produce metrics in process. */
@Export
@Version("1.2.0")
@NullMarked
package io.narthex.spi.exporter;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
