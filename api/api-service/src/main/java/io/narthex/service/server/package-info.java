/** The server as a whole: readiness, addresses, version. */
@Export
@Version("1.2.0")
@NullMarked
package io.narthex.service.server;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
