/** The Pushgateway: metrics that jobs push, by group. */
@NullMarked
package io.narthex.push;

import org.jspecify.annotations.NullMarked;
