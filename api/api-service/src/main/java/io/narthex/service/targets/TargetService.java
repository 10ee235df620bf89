package io.narthex.service.targets;

import io.narthex.model.Labels;
import io.narthex.model.MetricMetadata;
import java.util.List;
import java.util.Map;
import org.osgi.annotation.versioning.ProviderType;

/** What is scraped, and how that goes. Thread-safe; returns copies. */
@ProviderType
public interface TargetService {
  /** Returns the names of the scrape pools, sorted. */
  List<String> pools();

  /** Returns the targets that are scraped, by pool and labels. */
  List<ActiveTarget> active();

  /** Returns the targets that relabelling dropped, as far as they are remembered. */
  List<DroppedTarget> dropped();

  /** Returns how many targets of each pool relabelling dropped. */
  Map<String, Integer> droppedCounts();

  /** Returns the metadata each active target gave in its newest scrape. */
  List<TargetMetadata> metadata();

  /** How a target is. */
  enum Health {
    /** Not yet scraped. */
    UNKNOWN,
    /** The newest scrape succeeded. */
    UP,
    /** The newest scrape failed. */
    DOWN
  }

  /**
   * A target that is scraped.
   *
   * @param discovered labels before relabelling
   * @param labels labels of its series
   * @param lastScrapeMs epoch milliseconds, 0 = never
   * @param lastDurationSeconds of the newest scrape
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
