/** PromQL queries. */
@Export
@Version("1.3.0")
@NullMarked
package io.narthex.service.query;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
