/**
 * Forms that Prometheus takes from Go and that all parts of this server must read and write alike:
 * string literals, floats, durations, file patterns. They stand beside the values because label
 * sets, the PromQL grammar, the formats of the kernel and plugins all need them, and this module is
 * the only one that all of these see.
 */
@Export
@Version("1.0.0")
@NullMarked
package io.narthex.model.go;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
