/** Immutable values of the monitoring domain: labels, matchers, samples, histograms, targets. */
@Export
@Version("1.1.0")
@NullMarked
package io.narthex.model;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
