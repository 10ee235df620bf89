package io.narthex.service.config;

import java.util.Map;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * A part of the kernel that follows the configuration; registered as a service. It is told the
 * present configuration when it appears and every later one, in the order of {@link #rank()}, one
 * at a time.
 */
@ConsumerType
public interface ReloadListener {
  /** Returns a name for logs, for example {@code scrape}. */
  String name();

  /** Returns the place in the order: storage 10, query 20, scrape 30, notify 40, rules 50. */
  int rank();

  /**
   * Applies a configuration. What has not changed goes on undisturbed.
   *
   * @throws io.narthex.spi.config.ConfigException when it cannot be applied; the other parts go on
   */
  void apply(ConfigSnapshot snapshot);

  /**
   * Reads what the configuration names, as {@link #apply} would, and changes nothing.
   *
   * @return files that were read, with the number of rules in each; empty for parts without files
   * @throws io.narthex.spi.config.ConfigException with the place of what is wrong
   */
  default Map<String, Integer> check(ConfigSnapshot snapshot) {
    return Map.of();
  }
}
