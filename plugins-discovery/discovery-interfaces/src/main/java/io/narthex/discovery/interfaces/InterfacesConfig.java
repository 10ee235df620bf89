package io.narthex.discovery.interfaces;

import io.narthex.spi.config.Setting;

/** One entry of {@code interfaces_sd_configs}. */
public record InterfacesConfig(
    @Setting(help = "Port of the targets", required = true, min = 1, max = 65535) int port) {}
