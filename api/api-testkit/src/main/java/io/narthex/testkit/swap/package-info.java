/**
 * Replaces a plugin by another version as the server does, and finds what is lost or left behind.
 */
@Export
@Version("1.0.0")
@NullMarked
package io.narthex.testkit.swap;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
