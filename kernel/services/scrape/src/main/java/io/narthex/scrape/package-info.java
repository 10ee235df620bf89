/** Targets, scrape loops, staleness. */
@NullMarked
package io.narthex.scrape;

import org.jspecify.annotations.NullMarked;
