/** Discovery of targets that the Kubernetes API knows. */
@NullMarked
package io.narthex.discovery.kubernetes;

import org.jspecify.annotations.NullMarked;
