package io.narthex.service.config;

import java.util.Map;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * A part of the kernel that follows the configuration; registered as a service. It gets the present
 * configuration when it appears and every later one, in the order of {@link #stage()}, one at a
 * time.
 */
@ConsumerType
public interface ReloadListener {
  /** Returns a name for logs, for example {@code scrape}. */
  String name();

  /** Returns when its turn is. */
  default ReloadStage stage() {
    return ReloadStage.at(rank());
  }

  /**
   * Returns the place in the order as a number, by which {@link #stage()} finds the stage.
   *
   * @deprecated override {@link #stage()}
   */
  @Deprecated
  default int rank() {
    return ReloadStage.LAST.rank();
  }

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
