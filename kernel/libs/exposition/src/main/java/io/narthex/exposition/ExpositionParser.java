package io.narthex.exposition;

import io.narthex.model.Exemplar;
import io.narthex.model.Labels;
import io.narthex.model.MetricType;
import io.narthex.model.NativeHistogram;

/**
 * Reads an exposition entry by entry out of a byte array. The accessors return the entry that
 * {@link #next()} moved to. One parser reads many expositions, one after the other; reading samples
 * allocates nothing except by {@link #labels()} and {@link #exemplar}. Not thread-safe.
 */
public abstract class ExpositionParser {
  /** Kind of an entry. */
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

  /** Starts with another exposition; {@code data} must stay unchanged while it is read. */
  public abstract void reset(byte[] data, int length);

  /**
   * Moves to the next entry.
   *
   * @throws ExpositionException when the input is malformed; nothing can be read after that
   */
  public abstract Entry next() throws ExpositionException;

  /**
   * Returns the array that contains the text of the current series or metadata line. Equal bytes
   * mean equal labels, or equal metadata, within one target.
   */
  public abstract byte[] seriesBytes();

  /** Returns the start of the series in {@link #seriesBytes()}. */
  public abstract int seriesStart();

  /** Returns the end of the series, exclusive. */
  public abstract int seriesEnd();

  /** Returns the labels of the current series, including the metric name. Allocates. */
  public abstract Labels labels() throws ExpositionException;

  /**
   * Returns whether the current series was written with a label of this name and an empty value.
   */
  public abstract boolean hasEmptyLabel(String name) throws ExpositionException;

  /** Returns the value of the current float sample; every NaN is the ordinary one. */
  public abstract double value();

  /** Returns the current native histogram. */
  public abstract NativeHistogram histogram() throws ExpositionException;

  /** Returns whether the current sample has its own timestamp. */
  public abstract boolean hasTimestamp();

  /** Returns the timestamp of the current sample in epoch milliseconds; 0 without one. */
  public abstract long timestampMs();

  /** Returns the start timestamp of the current series in epoch milliseconds; 0 when unknown. */
  public abstract long startTimestampMs();

  /** Returns the number of exemplars of the current sample. */
  public abstract int exemplarCount();

  /** Returns one exemplar. Allocates. */
  public abstract Exemplar exemplar(int index) throws ExpositionException;

  /** Returns the family name of the current metadata entry. */
  public abstract String metadataName() throws ExpositionException;

  /** Returns the text of the current help, unit or comment entry. */
  public abstract String metadataText();

  /** Returns the type of the last type entry. */
  public abstract MetricType type();
}
