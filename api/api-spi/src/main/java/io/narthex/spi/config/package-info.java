/** Configuration of plugins: a block is described by one annotated record. */
@Export
@Version("1.2.0")
@NullMarked
package io.narthex.spi.config;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
