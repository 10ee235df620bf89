package io.narthex.bench.torture;

import java.io.IOException;

/**
 * How the versions of a bundle are distinguished by their behaviour: a string in its code, to which
 * each version appends its own mark.
 *
 * @param file the class with the string, by its path in the jar
 * @param text as it was built
 * @param observation where it is observed
 */
record VersionMark(String file, String text, Observation observation) {
  /** Where the string of a bundle is observed. */
  interface Observation {
    String read() throws IOException, InterruptedException;
  }

  /** The mark at the end of a version's string. */
  static String of(int cycle) {
    return "_torture" + cycle + "x";
  }

  /**
   * Waits until the version of a cycle is observed.
   *
   * @throws IOException when it is not observed in time
   */
  void await(int cycle) throws IOException, InterruptedException {
    long deadline = System.nanoTime() + 60_000_000_000L;
    while (!observation.read().contains(of(cycle))) {
      if (System.nanoTime() - deadline > 0) {
        throw new IOException("cycle " + cycle + ": \"" + text + of(cycle) + "\" is not observed");
      }
      Thread.sleep(40);
    }
  }
}
