/** Regular expressions in RE2 syntax, anchored as Prometheus anchors them. */
@Export
@Version("1.0.0")
@NullMarked
package io.narthex.text.re2;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
