package io.narthex.spi.storage;

import io.narthex.model.Labels;
import io.narthex.model.Matcher;
import java.util.List;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * Keeps samples and gives them back. All methods are thread-safe; cursors and batches belong to one
 * thread at a time. After {@link #close()} every call fails with {@link StorageException.Closed}.
 *
 * <p>A storage may offer more by implementing further interfaces of this package, for example
 * {@link DeletableStorage}.
 */
@ConsumerType
public interface Storage extends AutoCloseable {
  /**
   * Returns the reference of a series, creating the series when it is new.
   *
   * <p>A reference stays good while the storage is open, unless the storage forgets a series that
   * has had no sample for long; an append by a forgotten reference reports {@link
   * AppendResult#UNKNOWN_SERIES} and the caller resolves again.
   *
   * @param labels not empty
   */
  long resolve(Labels labels);

  /**
   * Appends the samples of a batch. What is accepted is logged before this returns and becomes
   * visible to selects all at once. The storage keeps neither the batch nor its arrays.
   *
   * <p>A sample at the time of the series' newest one is accepted silently if the value has the
   * same bits, else reported as duplicate; an older one is out of order unless the storage takes
   * such.
   *
   * @return what became of each sample; allocation-free when all were accepted
   * @throws StorageException when nothing could be written, for example for want of disk space
   */
  AppendResult append(SampleBatch batch);

  /**
   * Selects series.
   *
   * @param request matchers and time range, both ends inclusive
   * @return a cursor over the series that have samples in range, in label order; the caller closes
   *     it
   */
  SeriesCursor select(SelectRequest request);

  /**
   * Selects series, and asks before it takes memory that grows with their number. A storage whose
   * cursors hold something for each series selected implements this one too.
   *
   * @param memory asked before it is used; what it throws is let through
   */
  default SeriesCursor select(SelectRequest request, SelectMemory memory) {
    return select(request);
  }

  /**
   * Returns the label sets of series that match any of the matcher lists and may have samples in
   * range, in label order, without duplicates.
   *
   * @param matcherSets one list per selector; never empty
   * @param limit at most so many; 0 = no limit
   */
  List<Labels> series(List<List<Matcher>> matcherSets, long minTimeMs, long maxTimeMs, int limit);

  /**
   * Returns label names in order.
   *
   * @param matcherSets only of series that match any of these; empty = of all
   * @param limit at most so many; 0 = no limit
   */
  List<String> labelNames(
      List<List<Matcher>> matcherSets, long minTimeMs, long maxTimeMs, int limit);

  /**
   * Returns the values of a label in order.
   *
   * @param matcherSets only of series that match any of these; empty = of all
   * @param limit at most so many; 0 = no limit
   */
  List<String> labelValues(
      String name, List<List<Matcher>> matcherSets, long minTimeMs, long maxTimeMs, int limit);

  /**
   * Returns exemplars of series that match any of the matcher lists, by series in label order and
   * time.
   *
   * @return empty when the storage keeps none
   */
  List<SeriesExemplars> exemplars(List<List<Matcher>> matcherSets, long minTimeMs, long maxTimeMs);

  /**
   * Returns figures about the storage for status pages and own metrics.
   *
   * @param topN how many entries the cardinality lists have; 0 leaves the lists empty and is cheap
   */
  StorageStats stats(int topN);

  /** Writes out what must be kept and frees everything. Idempotent. */
  @Override
  void close();
}
