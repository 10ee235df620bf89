/** The frame that all files of format 2 are made of: written, and read past damage. */
@NullMarked
package io.narthex.storage.tsdb.frames;

import org.jspecify.annotations.NullMarked;
