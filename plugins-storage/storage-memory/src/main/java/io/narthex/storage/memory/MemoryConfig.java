package io.narthex.storage.memory;

import io.narthex.spi.config.Setting;
import java.time.Duration;

/**
 * Settings of the memory storage.
 *
 * @param appendWindow how much older than the newest sample a sample may be; 0 = any
 * @param retention age, by the newest sample, at which samples are dropped; 0 = never
 * @param maxExemplars exemplars kept over all series; 0 = none
 */
public record MemoryConfig(
    @Setting(
            help = "Samples older than the newest one by more than this are refused; 0s = none are",
            defaultValue = "0s",
            min = 0)
        Duration appendWindow,
    @Setting(
            help = "Samples older than the newest one by more than this are dropped; 0s = none are",
            defaultValue = "0s",
            min = 0)
        Duration retention,
    @Setting(
            help = "Most exemplars kept over all series; 0 = none",
            defaultValue = "100000",
            min = 0)
        int maxExemplars) {

  /** The default settings. */
  public static final MemoryConfig DEFAULT = new MemoryConfig(Duration.ZERO, Duration.ZERO, 100000);
}
