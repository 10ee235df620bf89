/** Delivery through notifier plugins. */
@Export
@Version("1.1.0")
@NullMarked
package io.narthex.service.notify;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
