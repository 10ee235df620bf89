/** Families of metrics: what pushes, text files and the check of metrics read. */
@Export
@Version("1.0.0")
@NullMarked
package io.narthex.exposition.family;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
