package io.narthex.query;

import io.narthex.model.Labels;
import io.narthex.model.Matcher;
import io.narthex.spi.storage.AppendResult;
import io.narthex.spi.storage.SampleBatch;
import io.narthex.spi.storage.SelectRequest;
import io.narthex.spi.storage.SeriesCursor;
import io.narthex.spi.storage.SeriesExemplars;
import io.narthex.spi.storage.Storage;
import io.narthex.spi.storage.StorageStats;
import java.util.List;

/** A storage whose selects do something first. */
record DelayedStorage(Storage storage, Delay delay) implements Storage {
  /** What a select does first. */
  interface Delay {
    void run() throws InterruptedException;
  }

  @Override
  public SeriesCursor select(SelectRequest request) {
    try {
      delay.run();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return storage.select(request);
  }

  @Override
  public long resolve(Labels labels) {
    return storage.resolve(labels);
  }

  @Override
  public AppendResult append(SampleBatch batch) {
    return storage.append(batch);
  }

  @Override
  public List<Labels> series(List<List<Matcher>> sets, long min, long max, int limit) {
    return storage.series(sets, min, max, limit);
  }

  @Override
  public List<String> labelNames(List<List<Matcher>> sets, long min, long max, int limit) {
    return storage.labelNames(sets, min, max, limit);
  }

  @Override
  public List<String> labelValues(
      String name, List<List<Matcher>> sets, long min, long max, int limit) {
    return storage.labelValues(name, sets, min, max, limit);
  }

  @Override
  public List<SeriesExemplars> exemplars(List<List<Matcher>> sets, long min, long max) {
    return storage.exemplars(sets, min, max);
  }

  @Override
  public StorageStats stats(int topN) {
    return storage.stats(topN);
  }

  @Override
  public void close() {
    storage.close();
  }
}
