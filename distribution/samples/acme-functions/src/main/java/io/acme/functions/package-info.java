/** PromQL functions as a plain jar, without OSGi. */
@NullMarked
package io.acme.functions;

import org.jspecify.annotations.NullMarked;
