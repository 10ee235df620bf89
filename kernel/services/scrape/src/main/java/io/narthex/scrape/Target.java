package io.narthex.scrape;

import io.narthex.format.number.Fnv1a;
import io.narthex.model.Labels;

/**
 * One place that is scraped.
 *
 * @param discovered labels before relabelling
 * @param internal labels after relabelling, those that begin with two underscores among them
 * @param labels labels of its series
 * @param url where it is scraped
 * @param self whether this server itself is meant
 */
record Target(
    Labels discovered,
    Labels internal,
    Labels labels,
    String url,
    boolean self,
    long intervalMs,
    long timeoutMs) {
  /** What makes two targets of a pool the same. */
  record Key(Labels labels, String url) {}

  Key key() {
    return new Key(labels, url);
  }

  /** Returns how long after the present moment the first scrape begins; equal over restarts. */
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
