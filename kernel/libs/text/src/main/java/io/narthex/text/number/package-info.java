/** Numbers that are the same to the last bit as in Prometheus. */
@Export
@Version("2.0.0")
@NullMarked
package io.narthex.text.number;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
