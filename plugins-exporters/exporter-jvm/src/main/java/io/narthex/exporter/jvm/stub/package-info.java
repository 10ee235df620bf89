/**
 * Stand-ins for the stubs of RMI, which must have the simple names that a stream gives them. They
 * keep an address and never use it.
 */
@NullMarked
package io.narthex.exporter.jvm.stub;

import org.jspecify.annotations.NullMarked;
