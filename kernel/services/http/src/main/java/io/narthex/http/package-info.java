/** Listeners, the HTTP APIs of Prometheus, Alertmanager and Narthex, and static content. */
@NullMarked
package io.narthex.http;

import org.jspecify.annotations.NullMarked;
