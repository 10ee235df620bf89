package ${package};

import io.narthex.spi.config.Setting;
import java.util.List;

/** The block {@code ${type}} under {@code exporters} in narthex.yml. */
public record ${className}Config(
    @Setting(
            help = "Folders to measure; relative to narthex.yml",
            defaultValue = "[.]")
        List<String> folders) {}
