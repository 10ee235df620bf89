/** Access to the storage in use. */
@Export
@Version("1.2.0")
@NullMarked
package io.narthex.service.storage;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
