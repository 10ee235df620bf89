/** Discovery of targets that Consul's catalog knows. */
@NullMarked
package io.narthex.discovery.consul;

import org.jspecify.annotations.NullMarked;
