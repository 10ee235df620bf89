/** Native histograms and classic buckets, and what is calculated with them. */
@NullMarked
package io.narthex.query.histogram;

import org.jspecify.annotations.NullMarked;
