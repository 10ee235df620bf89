/** The configuration as bound records, and how kernel bundles apply its changes. */
@Export
@Version("1.3.0")
@NullMarked
package io.narthex.service.config;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
