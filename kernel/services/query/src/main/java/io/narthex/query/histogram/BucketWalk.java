package io.narthex.query.histogram;

/**
 * Walks over the buckets of a native histogram by rising bounds, or falling ones. The range of the
 * zero bucket belongs to it alone; a zero bucket that is not above zero is left out, as in
 * Prometheus' bucket iterators.
 */
public final class BucketWalk {
  private final Hist h;
  private final boolean reverse;
  private final int total;
  private final int zeroAt;
  private int at = -1;

  public double lower;
  public double upper;
  public double count;

  public BucketWalk(Hist h, boolean reverse) {
    this.h = h;
    this.reverse = reverse;
    boolean zero = h.zeroCount > 0;
    this.zeroAt = zero ? h.negative.size() : -1;
    this.total = h.negative.size() + h.positive.size() + (zero ? 1 : 0);
  }

  public boolean next() {
    if (++at >= total) {
      return false;
    }
    int i = reverse ? total - 1 - at : at;
    int negatives = h.negative.size();
    if (i < negatives) {
      int x = negatives - 1 - i;
      lower = -h.upper(h.negative.index[x]);
      upper = Math.min(-h.lower(h.negative.index[x]), -h.zeroThreshold);
      count = h.negative.count[x];
    } else if (i == zeroAt) {
      lower = -h.zeroThreshold;
      upper = h.zeroThreshold;
      count = h.zeroCount;
    } else {
      int x = i - negatives - (zeroAt >= 0 ? 1 : 0);
      lower = h.lower(h.positive.index[x]);
      if (!h.isCustom()) {
        lower = Math.max(lower, h.zeroThreshold);
      }
      upper = h.upper(h.positive.index[x]);
      count = h.positive.count[x];
    }
    return true;
  }
}
