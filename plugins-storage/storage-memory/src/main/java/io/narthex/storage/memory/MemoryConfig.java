package io.narthex.storage.memory;

import io.narthex.spi.config.Setting;
import java.time.Duration;

/**
 * Settings of the memory storage.
 *
 * @param appendWindow how far behind the newest sample one may be; zero = any distance
 * @param retention how long samples are kept, by the newest one; zero = for ever
 * @param maxExemplars over all series; 0 = none are kept
 */
public record MemoryConfig(
    @Setting(
            help =
                "Refuse samples that are older than the newest one by more than this; 0s = take"
                    + " any.",
            defaultValue = "0s",
            min = 0)
        Duration appendWindow,
    @Setting(
            help = "Forget samples older than the newest one by more than this; 0s = keep all.",
            defaultValue = "0s",
            min = 0)
        Duration retention,
    @Setting(
            help = "Most exemplars kept over all series; 0 = none.",
            defaultValue = "100000",
            min = 0)
        int maxExemplars) {

  /** The default settings. */
  public static final MemoryConfig DEFAULT = new MemoryConfig(Duration.ZERO, Duration.ZERO, 100000);
}
