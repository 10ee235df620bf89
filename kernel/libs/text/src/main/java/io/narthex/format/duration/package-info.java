/** Durations in the form {@code 1h30m}. */
@Export
@Version("1.0.0")
@NullMarked
package io.narthex.format.duration;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
