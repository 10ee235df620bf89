package io.narthex.discovery.statics;

import io.narthex.spi.config.Setting;
import java.util.List;
import java.util.Map;

/** One entry of {@code static_configs}. */
public record StaticConfig(
    @Setting(help = "Addresses of targets, host:port; self = this server") List<String> targets,
    @Setting(help = "Labels added to all these targets") Map<String, String> labels) {}
