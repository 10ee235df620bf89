package io.acme.storage;

import io.narthex.spi.config.Setting;
import java.time.Duration;

/**
 * The block {@code storage:} in {@code narthex.yml} when its type is {@code acme}.
 *
 * @param retention samples older than the newest one by more than this are dropped
 */
public record AcmeConfig(
    @Setting(
            help = "Samples older than the newest one by more than this are dropped",
            defaultValue = "6h",
            min = 1)
        Duration retention) {}
