/** What annotated configuration records tell about themselves: JSON Schema and tables. */
@Export
@Version("1.0.0")
@NullMarked
package io.narthex.format.settings;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
