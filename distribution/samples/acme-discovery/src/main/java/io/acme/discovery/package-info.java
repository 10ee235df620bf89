/** Targets from the configuration: a discovery plugin in its smallest form. */
@NullMarked
package io.acme.discovery;

import org.jspecify.annotations.NullMarked;
