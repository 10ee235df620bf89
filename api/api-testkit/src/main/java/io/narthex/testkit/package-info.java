/** Common code of plugin tests. */
@Export
@Version("1.1.0")
@NullMarked
package io.narthex.testkit;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
