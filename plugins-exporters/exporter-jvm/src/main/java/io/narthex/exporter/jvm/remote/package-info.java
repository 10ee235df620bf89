/** The MBeans of other JVMs: over JMX with RMI, by attaching, with limits on everything read. */
@NullMarked
package io.narthex.exporter.jvm.remote;

import org.jspecify.annotations.NullMarked;
