/** Runs PromQL test scripts against an engine. */
@NullMarked
package io.narthex.query.script;

import org.jspecify.annotations.NullMarked;
