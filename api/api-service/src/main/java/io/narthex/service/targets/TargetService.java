package io.narthex.service.targets;

import io.narthex.model.Labels;
import io.narthex.model.MetricMetadata;
import java.util.List;
import java.util.Map;
import org.osgi.annotation.versioning.ProviderType;

/** Scrape targets and their state. Thread-safe; returns copies. */
@ProviderType
public interface TargetService {
  /** Returns the sorted names of the scrape pools. */
  List<String> pools();

  /** Returns the active targets, ordered by pool and labels. */
  List<ActiveTarget> active();

  /** Returns the targets that relabelling dropped, up to {@code keep_dropped_targets}. */
  List<DroppedTarget> dropped();

  /** Returns the number of targets that relabelling dropped, by pool. */
  Map<String, Integer> droppedCounts();

  /** Returns the metric metadata of each active target. */
  List<TargetMetadata> metadata();

  /** Health of a target. */
  enum Health {
    /** Not yet scraped. */
    UNKNOWN,
    /** The last scrape succeeded. */
    UP,
    /** The last scrape failed. */
    DOWN
  }

  /**
   * An active target. Immutable.
   *
   * @param discovered labels before relabelling
   * @param labels labels of its series
   * @param lastScrapeMs epoch milliseconds, 0 = never
   * @param lastDurationSeconds duration of the last scrape in seconds
   */
  record ActiveTarget(
      String pool,
      Labels discovered,
      Labels labels,
      String scrapeUrl,
      String globalUrl,
      Health health,
      String lastError,
      long lastScrapeMs,
      double lastDurationSeconds,
      String scrapeInterval,
      String scrapeTimeout) {}

  /** A target that relabelling dropped. */
  record DroppedTarget(String pool, Labels discovered) {}

  /** Metadata of one target. */
  record TargetMetadata(Labels target, List<MetricMetadata> families) {
    /** Copies the list. */
    public TargetMetadata {
      families = List.copyOf(families);
    }
  }
}
