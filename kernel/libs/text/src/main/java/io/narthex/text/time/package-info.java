/** Time zones that are the same as in Go programs. */
@Export
@Version("1.0.0")
@NullMarked
package io.narthex.text.time;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
