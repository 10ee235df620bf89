/** Command line and configuration files, and their reload. */
@NullMarked
package io.narthex.core.config;

import org.jspecify.annotations.NullMarked;
