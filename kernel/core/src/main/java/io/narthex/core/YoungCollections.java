package io.narthex.core;

import java.lang.ref.WeakReference;
import java.util.concurrent.TimeUnit;

/**
 * Makes short-lived garbage until the collector has collected young objects some times. Once it has
 * marked, G1 clears a part of the old regions with each such collection, and a server at rest has
 * none for minutes.
 */
final class YoungCollections {
  /** G1 spreads the old regions that are worth it over eight collections. */
  private static final int COLLECTIONS = 10;

  /** So far apart that they are no reason to make the heap larger. */
  private static final long PAUSE_MS = 200;

  private static final int BLOCK = 64 << 10;
  private static final long MOST_BYTES = 512L << 20;

  /** Read by nobody; a field, so that the garbage is really made. */
  private static volatile byte[] garbage = new byte[0];

  private YoungCollections() {}

  /** Does it; ends early when the thread is interrupted. */
  static void provoke() {
    long left = MOST_BYTES;
    try {
      for (int i = 0; i < COLLECTIONS && left > 0; i++) {
        WeakReference<Object> young = new WeakReference<>(new Object());
        while (left > 0 && !young.refersTo(null)) {
          garbage = new byte[BLOCK];
          left -= BLOCK;
        }
        TimeUnit.MILLISECONDS.sleep(PAUSE_MS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      garbage = new byte[0];
    }
  }
}
