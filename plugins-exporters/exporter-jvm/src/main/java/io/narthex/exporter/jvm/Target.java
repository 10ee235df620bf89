package io.narthex.exporter.jvm;

import io.narthex.exporter.jvm.remote.Endpoint;

/** Which JVM a scrape of a module is of. */
sealed interface Target {
  /** The JVM of this server. */
  record Own() implements Target {}

  /** A process of this machine. */
  record Attached(long pid) implements Target {}

  /** A JMX server. */
  record Remote(Endpoint endpoint) implements Target {}
}
