/** The web UI in a real browser: what steers it, data for dashboards, and how quick pages are. */
@NullMarked
package io.narthex.bench.ui;

import org.jspecify.annotations.NullMarked;
