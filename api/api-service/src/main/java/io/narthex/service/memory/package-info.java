/** The memory budget of work on data from outside. */
@Export
@Version("1.2.0")
@NullMarked
package io.narthex.service.memory;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
