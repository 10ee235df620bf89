/** Relabelling: rules that rewrite, keep or drop label sets. */
@Export
@Version("1.1.0")
@NullMarked
package io.narthex.relabel;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
