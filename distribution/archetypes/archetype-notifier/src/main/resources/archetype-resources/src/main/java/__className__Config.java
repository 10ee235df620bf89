package ${package};

import io.narthex.model.go.GoUrl;
import io.narthex.spi.config.Setting;
import io.narthex.spi.plugin.HttpTransport.HttpSettings;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** One entry of {@code ${type}_configs} in a receiver. */
public record ${className}Config(
    @Setting(help = "URL that messages are posted to", required = true) GoUrl url,
    @Setting(
            help = "The message, a template",
            defaultValue = "{{ .Status }}: {{ .CommonLabels.alertname }}")
        String message,
    @Setting(help = "Timeout of a request", defaultValue = "10s", min = 1)
        Duration timeout,
    @Setting(help = "TLS, proxy, credentials", optional = true)
        @Nullable HttpSettings httpConfig) {}
