/** The HTTP client of scrapes, discoveries, remote writes and notifications. */
@Export
@Version("1.1.0")
@NullMarked
package io.narthex.httpclient;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
