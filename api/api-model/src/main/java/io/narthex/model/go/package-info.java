/**
 * Syntax that Prometheus takes from Go and that all parts of this server must read and write alike:
 * string literals, floats, durations, file patterns. It is in this module because label sets, the
 * PromQL grammar, the kernel's formats and plugins need it, and no other module is visible to all
 * of these.
 */
@Export
@Version("1.0.0")
@NullMarked
package io.narthex.model.go;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
