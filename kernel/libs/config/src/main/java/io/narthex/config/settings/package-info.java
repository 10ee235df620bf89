/** Documentation generated from annotated configuration records: JSON Schemas and tables. */
@Export
@Version("1.0.0")
@NullMarked
package io.narthex.config.settings;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
