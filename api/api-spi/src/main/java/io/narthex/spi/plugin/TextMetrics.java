package io.narthex.spi.plugin;

import io.narthex.model.Labels;
import io.narthex.model.MetricMetadata;
import java.util.List;

/**
 * Metrics read from a text.
 *
 * @param families in the order of the text, each with at least one sample
 * @param timed whether a sample has a timestamp, which is not kept
 * @since 1.1
 */
public record TextMetrics(List<Family> families, boolean timed) {
  /** Copies the list. */
  public TextMetrics {
    families = List.copyOf(families);
  }

  /**
   * A family of metrics.
   *
   * @param metadata its help is empty where the text has none
   * @param samples those of one metric together; of a summary or histogram with ascending quantiles
   *     and bounds, an infinite one among the latter
   */
  public record Family(MetricMetadata metadata, List<Sample> samples) {
    /** Copies the list. */
    public Family {
      samples = List.copyOf(samples);
    }
  }

  /**
   * A sample.
   *
   * @param name the family's, or with a suffix such as {@code _bucket}
   * @param labels without the name
   */
  public record Sample(String name, Labels labels, double value) {}
}
