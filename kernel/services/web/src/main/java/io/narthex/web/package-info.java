/** The web UI: static files, served by whoever takes the {@code WebContent} service. */
@NullMarked
package io.narthex.web;

import org.jspecify.annotations.NullMarked;
