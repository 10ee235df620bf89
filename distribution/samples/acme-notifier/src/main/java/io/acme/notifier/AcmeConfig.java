package io.acme.notifier;

import io.narthex.model.go.GoUrl;
import io.narthex.spi.config.Setting;

/** One block of {@code acme_configs}. */
public record AcmeConfig(
    @Setting(help = "URL that notifications are posted to", required = true) GoUrl url) {}
