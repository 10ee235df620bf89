package io.acme.notifier;

import io.narthex.spi.config.Setting;
import java.net.URI;

/** One block of {@code acme_configs}. */
public record AcmeConfig(
    @Setting(help = "Where notifications are posted", required = true) URI url) {}
