package io.acme.httpd;

import io.narthex.model.go.GoUrl;
import io.narthex.spi.config.Setting;
import io.narthex.spi.plugin.HttpTransport.HttpSettings;
import java.time.Duration;

/**
 * The block {@code acme_httpd} under {@code exporters:} in {@code narthex.yml}.
 *
 * @param url the machine-readable status page, which ends with {@code ?auto}
 */
public record HttpdConfig(
    @Setting(
            help = "URL of the machine-readable status page",
            defaultValue = "http://127.0.0.1/server-status?auto")
        GoUrl url,
    @Setting(help = "Timeout of a request", defaultValue = "5s", min = 0.001) Duration timeout,
    @Setting(inline = true) HttpSettings http) {}
