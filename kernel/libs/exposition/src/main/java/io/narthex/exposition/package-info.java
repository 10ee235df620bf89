/** Exposition formats: parsers of what targets send, writers of what the server exposes. */
@Export
@Version("1.2.0")
@NullMarked
package io.narthex.exposition;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
