package io.narthex.spi.storage;

import io.narthex.model.Labels;
import io.narthex.model.Matcher;
import java.util.List;
import java.util.function.Predicate;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * Stores samples and selects them. All methods are thread-safe; cursors and batches belong to one
 * thread at a time. After {@link #close()} every call fails with {@link StorageException.Closed}.
 *
 * <p>A storage offers more by implementing further interfaces of this package, for example {@link
 * DeletableStorage}.
 */
@ConsumerType
public interface Storage extends AutoCloseable {
  /**
   * Returns the reference of a series and creates the series if it is new.
   *
   * <p>A reference stays valid while the storage is open, unless the storage forgets a series that
   * has had no sample for long; an append with a forgotten reference reports {@link
   * AppendResult#UNKNOWN_SERIES} and the caller resolves again.
   *
   * @param labels not empty
   */
  long resolve(Labels labels);

  /**
   * Appends the samples of a batch. Accepted samples are in the WAL before this returns and become
   * visible to selects all at once. The storage keeps neither the batch nor its arrays.
   *
   * <p>A sample at the timestamp of the series' newest one is silently accepted if the value has
   * the same bits, else reported as duplicate; an older one is out of order unless the storage
   * accepts such samples.
   *
   * @return the outcome of each sample; allocation-free when all were accepted
   * @throws StorageException when nothing could be written, for example because the disk is full
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
   * Selects series, and takes memory that grows with their number from a budget. A storage whose
   * cursors hold data for each selected series implements this method too.
   *
   * @param memory called before memory is used; its exceptions are not caught
   */
  default SeriesCursor select(SelectRequest request, SelectMemory memory) {
    return select(request);
  }

  /**
   * Returns the label sets of series that match any of the matcher lists and may have samples in
   * range, in label order, without duplicates.
   *
   * @param matcherSets one list per selector; never empty
   * @param limit most entries of the result; 0 = no limit
   */
  List<Labels> series(List<List<Matcher>> matcherSets, long minTimeMs, long maxTimeMs, int limit);

  /**
   * Passes the label sets that {@link #series} returns to a sink one after the other, in the same
   * order. A storage that need not hold all of them for that implements this method too.
   *
   * @param matcherSets one list per selector; never empty
   * @param limit most label sets that are passed; 0 = no limit
   * @param sink takes each and returns whether it wants another; it is not to be slow, and its
   *     exceptions are not caught
   * @since 1.5
   */
  default void forEachSeries(
      List<List<Matcher>> matcherSets,
      long minTimeMs,
      long maxTimeMs,
      int limit,
      Predicate<? super Labels> sink) {
    for (Labels labels : series(matcherSets, minTimeMs, maxTimeMs, limit)) {
      if (!sink.test(labels)) {
        return;
      }
    }
  }

  /**
   * Returns sorted label names.
   *
   * @param matcherSets only of series that match any of these lists; empty = of all series
   * @param limit most entries of the result; 0 = no limit
   */
  List<String> labelNames(
      List<List<Matcher>> matcherSets, long minTimeMs, long maxTimeMs, int limit);

  /**
   * Returns the sorted values of a label.
   *
   * @param matcherSets only of series that match any of these lists; empty = of all series
   * @param limit most entries of the result; 0 = no limit
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
   * Returns statistics for status pages and the server's own metrics.
   *
   * @param topN most entries of the cardinality lists; 0 leaves the lists empty and is cheap
   */
  StorageStats stats(int topN);

  /** Persists what must be kept and releases all resources. Idempotent. */
  @Override
  void close();
}
