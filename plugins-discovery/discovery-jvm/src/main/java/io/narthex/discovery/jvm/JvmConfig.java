package io.narthex.discovery.jvm;

import io.narthex.spi.config.Setting;
import java.time.Duration;

/** One entry of {@code jvm_sd_configs}. */
public record JvmConfig(
    @Setting(help = "Time between looks at the machine", defaultValue = "30s", min = 1)
        Duration refreshInterval,
    @Setting(
            help =
                "The module of exporters.jvm in narthex.yml that scrapes the targets; empty = the"
                    + " params of the job name it")
        String module) {}
