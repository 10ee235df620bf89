/** Cooperative scheduling of long computations on virtual threads. */
@Export
@Version("1.0.0")
@NullMarked
package io.narthex.exposition.thread;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
