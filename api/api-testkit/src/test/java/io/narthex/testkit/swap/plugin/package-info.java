/**
 * Plugins with faults, which the tests pack into jars. A file {@code mode.txt} says which fault.
 */
@NullMarked
package io.narthex.testkit.swap.plugin;

import org.jspecify.annotations.NullMarked;
