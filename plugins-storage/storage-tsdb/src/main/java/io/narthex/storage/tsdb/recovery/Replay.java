package io.narthex.storage.tsdb.recovery;

import io.narthex.model.Exemplar;
import io.narthex.model.Labels;
import io.narthex.model.NativeHistogram;
import io.narthex.storage.tsdb.head.Head;
import io.narthex.storage.tsdb.tombstones.TombstoneMap;
import io.narthex.storage.tsdb.wal.BatchRecord;
import org.jspecify.annotations.Nullable;

/** Takes what a WAL of either format holds into a head. */
abstract class Replay implements BatchRecord.Handler {
  final Head head;

  Replay(Head head) {
    this.head = head;
  }

  public void series(int id, Labels labels) {
    if (!labels.isEmpty()) {
      head.bind(id, labels);
    }
  }

  @Override
  public void row(
      int id,
      long timeMs,
      double value,
      @Nullable NativeHistogram histogram,
      long startTimeMs,
      boolean outOfOrder) {
    if (outOfOrder) {
      head.replayOutOfOrder(id, timeMs, value, histogram, startTimeMs);
    } else {
      head.replay(id, timeMs, value, histogram, startTimeMs);
    }
  }

  @Override
  public void exemplar(int id, Exemplar exemplar) {
    head.replayExemplar(id, exemplar);
  }

  public void tombstones(TombstoneMap deleted) {
    deleted.forEach((id, ranges) -> {
      for (int i = 0; i < ranges.length; i += 2) {
        head.delete(id, ranges[i], ranges[i + 1]);
      }
    });
  }
}
