/** Unit tests of rules in the format of {@code promtool test rules}. */
@NullMarked
package io.narthex.rules.unittest;

import org.jspecify.annotations.NullMarked;
