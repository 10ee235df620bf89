/** Metrics of Apache httpd: an exporter as a plain jar, without OSGi. */
@NullMarked
package io.acme.httpd;

import org.jspecify.annotations.NullMarked;
