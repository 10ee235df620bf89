package ${package};

import io.narthex.spi.config.Setting;
import java.time.Duration;

/** The block {@code settings} under {@code storage} in narthex.yml. */
public record ${className}Config(
    @Setting(
            help = "Samples older than the newest one by more than this are dropped",
            defaultValue = "2h",
            min = 1)
        Duration retention) {}
