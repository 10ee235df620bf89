package io.narthex.service.query;

import io.narthex.model.Labels;
import io.narthex.model.NativeHistogram;
import io.narthex.service.storage.StorageGate;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Queries over samples that are in no storage of the server, for example those of unit tests of
 * rules. Thread-safe.
 *
 * @since 1.3
 */
@ProviderType
public interface QueryWorkbench {
  /**
   * Creates an empty storage and an engine that reads it, with the flags and features of the
   * server. The caller closes it.
   *
   * @param subqueryStep step of subqueries that name none
   */
  Bench open(Duration subqueryStep);

  /**
   * Reads a series in the notation of test files, for example {@code up{job="a"} 1 2 3+1x4 _
   * stale}.
   *
   * @throws IllegalArgumentException when it is malformed; the message has line and column
   */
  ScriptedSeries series(String line);

  /** Returns a histogram in the notation of test files. */
  String literal(NativeHistogram histogram);

  /** A storage in memory and its engine. The storage accepts samples of any time. */
  @ProviderType
  interface Bench extends AutoCloseable {
    /** Returns the storage; every series accepts samples in order of time only. */
    StorageGate storage();

    /** Returns the engine. */
    QueryEngine engine();

    /** Ends the threads of the engine. Idempotent. */
    @Override
    void close();
  }

  /**
   * A series with what stands at its positions.
   *
   * @param points in order, one per position
   */
  record ScriptedSeries(Labels labels, List<Point> points) {
    /** Copies the list. */
    public ScriptedSeries {
      points = List.copyOf(points);
    }
  }

  /**
   * What stands at one position.
   *
   * @param omitted whether there is no sample
   * @param value of a float sample; the staleness marker for {@code stale}
   * @param histogram the value of a histogram sample, else null
   */
  record Point(boolean omitted, double value, @Nullable NativeHistogram histogram) {}
}
