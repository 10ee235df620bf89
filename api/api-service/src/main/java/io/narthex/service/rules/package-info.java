/** Rule groups and their state. */
@Export
@Version("1.2.0")
@NullMarked
package io.narthex.service.rules;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
