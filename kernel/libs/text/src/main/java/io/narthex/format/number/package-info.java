/** Numbers written and read as Go writes and reads them. */
@Export
@Version("1.0.0")
@NullMarked
package io.narthex.format.number;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
