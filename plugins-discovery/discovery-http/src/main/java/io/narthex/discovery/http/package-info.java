/** Discovery of targets that an HTTP endpoint lists. */
@NullMarked
package io.narthex.discovery.http;

import org.jspecify.annotations.NullMarked;
