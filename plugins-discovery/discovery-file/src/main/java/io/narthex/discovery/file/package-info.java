/** Discovery of targets that stand in files. */
@NullMarked
package io.narthex.discovery.file;

import org.jspecify.annotations.NullMarked;
