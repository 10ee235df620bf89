/** The compatibility kit of storages. */
@Export
@Version("1.1.0")
@NullMarked
package io.narthex.testkit.storage;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
