/** {@code alertmanager.yml}: loading and checking, matchers, time intervals. */
@Export
@Version("1.0.0")
@NullMarked
package io.narthex.config.alertmanager;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
