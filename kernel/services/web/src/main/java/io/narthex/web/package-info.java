/** The web UI: static files, offered as the {@code WebContent} service. */
@NullMarked
package io.narthex.web;

import org.jspecify.annotations.NullMarked;
