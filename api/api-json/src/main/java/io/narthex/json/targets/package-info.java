/** Lists of targets in JSON, as the originals' file and HTTP discovery take them. */
@NullMarked
package io.narthex.json.targets;

import org.jspecify.annotations.NullMarked;
