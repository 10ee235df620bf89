/** YAML as Go programs read it; embedded in every jar that uses it. */
@NullMarked
package io.narthex.yaml;

import org.jspecify.annotations.NullMarked;
