/** Samples in memory and in files that are only appended to: a storage as an OSGi bundle. */
@NullMarked
package io.acme.storage;

import org.jspecify.annotations.NullMarked;
