package io.narthex.bench.torture;

import java.io.IOException;

/**
 * How a version of a bundle is told from all others by what it does: a text that its code has,
 * which each version has with a mark of its own.
 *
 * @param file the class with the text, by its path in the jar
 * @param text as it was built
 * @param ear where it is heard
 */
record Voice(String file, String text, Ear ear) {
  /** Where what a bundle says is heard. */
  interface Ear {
    String heard() throws IOException, InterruptedException;
  }

  /** What ends the text of a version. */
  static String mark(int cycle) {
    return "_torture" + cycle + "x";
  }

  /**
   * Waits until the version of a cycle is heard.
   *
   * @throws IOException when it is not in time
   */
  void await(int cycle) throws IOException, InterruptedException {
    long deadline = System.nanoTime() + 60_000_000_000L;
    while (!ear.heard().contains(mark(cycle))) {
      if (System.nanoTime() - deadline > 0) {
        throw new IOException("cycle " + cycle + ": nobody says \"" + text + mark(cycle) + "\"");
      }
      Thread.sleep(40);
    }
  }
}
