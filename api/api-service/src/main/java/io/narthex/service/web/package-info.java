/** Static content and settings of the web UI. */
@Export
@Version("1.1.0")
@NullMarked
package io.narthex.service.web;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
