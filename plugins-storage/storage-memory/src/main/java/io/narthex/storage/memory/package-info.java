/** A storage that keeps everything in memory; the readable reference of the storage SPI. */
@NullMarked
package io.narthex.storage.memory;

import org.jspecify.annotations.NullMarked;
