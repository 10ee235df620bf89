/**
 * PromQL as data: the parser, the syntax tree with its types and positions, the printers, and the
 * reader of series descriptions used by test scripts.
 */
@Export
@Version("1.1.0")
@NullMarked
package io.narthex.promql;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
