package io.narthex.service.config;

import java.util.Map;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * A part of the kernel that applies the configuration; registered as a service. It gets the current
 * configuration when it appears and every later one, in the order of {@link #stage()}, one at a
 * time.
 */
@ConsumerType
public interface ReloadListener {
  /** Returns a name for logs, for example {@code scrape}. */
  String name();

  /** Returns when it is called. */
  default ReloadStage stage() {
    return ReloadStage.at(rank());
  }

  /**
   * Returns the position in the order as a number, from which {@link #stage()} derives the stage.
   *
   * @deprecated override {@link #stage()}
   */
  @Deprecated
  default int rank() {
    return ReloadStage.LAST.rank();
  }

  /**
   * Applies a configuration. Unchanged parts continue undisturbed.
   *
   * @throws io.narthex.spi.config.ConfigException when it cannot be applied; the other parts
   *     continue
   */
  void apply(ConfigSnapshot snapshot);

  /**
   * Reads the files that the configuration names, as {@link #apply} would, and changes nothing.
   *
   * @return files that were read, with the number of rules in each; empty for parts without files
   * @throws io.narthex.spi.config.ConfigException with the position of the error
   */
  default Map<String, Integer> check(ConfigSnapshot snapshot) {
    return Map.of();
  }
}
