/** Damaged bytes, kept aside for people. */
@NullMarked
package io.narthex.storage.tsdb.quarantine;

import org.jspecify.annotations.NullMarked;
