package io.narthex.exporter.node;

import java.io.IOException;

/** Reads one part of the host. */
@FunctionalInterface
interface Collector {
  /**
   * Adds the metrics of this part.
   *
   * @throws NoData when the host does not have this part
   * @throws IOException when a file cannot be read
   * @throws InterruptedException when the time of the collection is over
   */
  void collect(Host host, Out out) throws IOException, InterruptedException;
}
