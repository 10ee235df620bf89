/** The Alertmanager: alerts, groups, silences. */
@Export
@Version("1.1.0")
@NullMarked
package io.narthex.service.alerts;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
