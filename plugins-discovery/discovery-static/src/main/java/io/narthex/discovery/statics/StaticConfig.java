package io.narthex.discovery.statics;

import io.narthex.spi.config.Setting;
import java.util.List;
import java.util.Map;

/** One entry of {@code static_configs}. */
public record StaticConfig(
    @Setting(help = "Addresses, host:port; self is this server") List<String> targets,
    @Setting(help = "Labels of all these targets") Map<String, String> labels) {}
