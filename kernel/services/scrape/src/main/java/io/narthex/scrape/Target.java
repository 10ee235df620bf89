package io.narthex.scrape;

import io.narthex.model.Labels;
import io.narthex.text.number.Fnv1a;

/**
 * An endpoint that is scraped.
 *
 * @param discovered labels before relabelling
 * @param internal labels after relabelling, including those that begin with two underscores
 * @param labels labels of its series
 * @param url where it is scraped
 * @param self whether it is this server itself
 */
record Target(
    Labels discovered,
    Labels internal,
    Labels labels,
    String url,
    boolean self,
    long intervalMs,
    long timeoutMs) {
  /** Identity of a target within its pool. */
  record Key(Labels labels, String url) {}

  Key key() {
    return new Key(labels, url);
  }

  /**
   * Returns how long after {@code nowMs} the first scrape begins; the ticks are the same after a
   * restart.
   */
  long offsetMs(long nowMs, long seed) {
    long offset = Long.remainderUnsigned(hash() ^ seed, intervalMs);
    long next = intervalMs - Math.floorMod(nowMs, intervalMs) + offset;
    return next > intervalMs ? next - intervalMs : next;
  }

  private long hash() {
    long h = Fnv1a.of(labels + url);
    return h ^ h >>> 32;
  }
}
