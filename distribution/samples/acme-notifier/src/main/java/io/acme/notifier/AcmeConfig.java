package io.acme.notifier;

import io.narthex.spi.config.Setting;
import java.net.URI;

/** One block of {@code acme_configs}. */
public record AcmeConfig(
    @Setting(help = "URL that notifications are posted to", required = true) URI url) {}
