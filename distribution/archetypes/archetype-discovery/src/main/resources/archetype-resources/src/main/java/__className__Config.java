package ${package};

import io.narthex.spi.config.Setting;
import java.time.Duration;

/** One entry of {@code ${type}_sd_configs}. */
public record ${className}Config(
    @Setting(
            help = "Text file with one host:port per line; relative to the configuration file",
            required = true)
        String file,
    @Setting(help = "Time between two readings of the file", defaultValue = "30s", min = 1)
        Duration refreshInterval) {}
