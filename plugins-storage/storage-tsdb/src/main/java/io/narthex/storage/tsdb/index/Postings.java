package io.narthex.storage.tsdb.index;

import io.narthex.model.Matcher;
import org.roaringbitmap.RoaringBitmap;

/** What an index of labels can do for a {@link Query}. Returned bitmaps belong to the caller. */
public interface Postings {
  /** Returns all series. */
  RoaringBitmap all();

  /** Returns how many values a label has. */
  int valueCount(String name);

  /** Returns about how many series have a pair, 0 = none. */
  long count(String name, String value);

  /** Returns the series with a pair. */
  RoaringBitmap equal(String name, String value);

  /** Returns the series that have a label, whatever its value. */
  RoaringBitmap with(String name);

  /** Returns the series whose value of a label passes; those without the label do not. */
  RoaringBitmap where(String name, ValueTest test);

  /**
   * Takes out the candidates that do not meet a matcher, by looking at each of them.
   *
   * @return false when nothing was done because there are too many of them
   */
  boolean retain(RoaringBitmap candidates, Matcher m);
}
