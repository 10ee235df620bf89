/** Samples in memory and in append-only files: a storage as an OSGi bundle. */
@NullMarked
package io.acme.storage;

import org.jspecify.annotations.NullMarked;
