package io.narthex.format.exposition;

import io.narthex.model.Exemplar;
import io.narthex.model.Labels;
import io.narthex.model.MetricType;
import io.narthex.model.NativeHistogram;

/**
 * Reads an exposition entry by entry out of a byte array. The accessors speak of the entry that
 * {@link #next()} moved to. One parser reads many expositions, one after the other; reading samples
 * allocates nothing until {@link #labels()} or an exemplar is asked for. Not thread-safe.
 */
public abstract class ExpositionParser {
  /** What an entry is. */
  public enum Entry {
    /** {@code # HELP}. */
    HELP,
    /** {@code # TYPE}. */
    TYPE,
    /** {@code # UNIT}. */
    UNIT,
    /** Any other comment. */
    COMMENT,
    /** A float sample. */
    SERIES,
    /** A native histogram sample. */
    HISTOGRAM,
    /** No entry is left. */
    END
  }

  /** Begins with another exposition; {@code data} must stay unchanged while it is read. */
  public abstract void reset(byte[] data, int length);

  /**
   * Moves to the next entry.
   *
   * @throws ExpositionException when the text breaks the format; nothing can be read after that
   */
  public abstract Entry next() throws ExpositionException;

  /**
   * Returns the array that holds the text of the present series or metadata line. Equal bytes mean
   * equal labels, or equal metadata, within one target.
   */
  public abstract byte[] seriesBytes();

  /** Returns where the series begins in {@link #seriesBytes()}. */
  public abstract int seriesStart();

  /** Returns where the series ends, exclusive. */
  public abstract int seriesEnd();

  /** Returns the labels of the present series, metric name among them. Allocates. */
  public abstract Labels labels() throws ExpositionException;

  /** Tells whether the present series was written with a label of this name and an empty value. */
  public abstract boolean hasEmptyLabel(String name) throws ExpositionException;

  /** Returns the value of the present float sample; a NaN is the ordinary one. */
  public abstract double value();

  /** Returns the present native histogram. */
  public abstract NativeHistogram histogram() throws ExpositionException;

  /** Tells whether the present sample has a time of its own. */
  public abstract boolean hasTimestamp();

  /** Returns the time of the present sample, epoch milliseconds; 0 without. */
  public abstract long timestampMs();

  /** Returns when the present series began, epoch milliseconds; 0 when unknown. */
  public abstract long startTimestampMs();

  /** Returns how many exemplars the present sample has. */
  public abstract int exemplarCount();

  /** Returns one exemplar. Allocates. */
  public abstract Exemplar exemplar(int index) throws ExpositionException;

  /** Returns the family name of the present metadata entry. */
  public abstract String metadataName() throws ExpositionException;

  /** Returns the text of the present help, unit or comment entry. */
  public abstract String metadataText();

  /** Returns the type that the newest type entry declared. */
  public abstract MetricType type();
}
