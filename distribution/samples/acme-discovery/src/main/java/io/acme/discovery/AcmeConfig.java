package io.acme.discovery;

import io.narthex.spi.config.Setting;
import java.util.List;

/** One block of {@code acme_sd_configs}. */
public record AcmeConfig(
    @Setting(help = "Addresses of the targets, host:port", required = true) List<String> hosts,
    @Setting(help = "Value of the label team", defaultValue = "unknown") String team) {}
