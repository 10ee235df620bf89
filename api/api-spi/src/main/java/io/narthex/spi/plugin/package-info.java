/** What every plugin gets from the host: clock, folders, HTTP, TLS, threads. */
@Export
@Version("1.1.0")
@NullMarked
package io.narthex.spi.plugin;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
