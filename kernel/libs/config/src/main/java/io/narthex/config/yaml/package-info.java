/** YAML with positions, and its binding to annotated records. */
@Export
@Version("1.1.0")
@NullMarked
package io.narthex.config.yaml;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
