/** The compatibility kit of PromQL functions. */
@Export
@Version("1.0.0")
@NullMarked
package io.narthex.testkit.function;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
