package io.narthex.discovery.http;

import io.narthex.spi.config.Setting;
import io.narthex.spi.plugin.HttpTransport.HttpSettings;
import java.time.Duration;

/** One entry of {@code http_sd_configs}. */
public record HttpConfig(
    @Setting(help = "URL of the list, http or https; required") String url,
    @Setting(
            help = "Time between fetches; also the timeout of each",
            defaultValue = "60s",
            min = 0.001)
        Duration refreshInterval,
    @Setting(inline = true) HttpSettings http) {}
