package io.narthex.discovery.http;

import io.narthex.spi.config.Setting;
import io.narthex.spi.plugin.HttpTransport.HttpSettings;
import java.time.Duration;

/** One entry of {@code http_sd_configs}. */
public record HttpConfig(
    @Setting(help = "Where the list is, http or https; has to be given") String url,
    @Setting(
            help = "How often it is fetched; also the timeout of a request",
            defaultValue = "60s",
            min = 0.001)
        Duration refreshInterval,
    @Setting(inline = true) HttpSettings http) {}
