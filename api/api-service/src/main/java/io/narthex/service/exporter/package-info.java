/** The exporters that run in process. */
@Export
@Version("1.0.0")
@NullMarked
package io.narthex.service.exporter;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
