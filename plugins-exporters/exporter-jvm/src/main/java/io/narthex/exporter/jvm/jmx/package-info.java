/** MBeans as metrics, by rule files in the form of jmx_exporter. */
@NullMarked
package io.narthex.exporter.jvm.jmx;

import org.jspecify.annotations.NullMarked;
