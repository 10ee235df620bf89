/** Discovery of targets that DNS records name. */
@NullMarked
package io.narthex.discovery.dns;

import org.jspecify.annotations.NullMarked;
