package io.narthex.discovery.file;

import io.narthex.spi.config.Setting;
import java.time.Duration;
import java.util.List;

/** One entry of {@code file_sd_configs}. */
public record FileConfig(
    @Setting(
            help =
                "Paths of .json, .yml or .yaml files, relative to the configuration file; patterns in the last part",
            required = true,
            file = true)
        List<String> files,
    @Setting(
            help = "Time between readings of all files, also those that look unchanged",
            defaultValue = "5m")
        Duration refreshInterval) {}
