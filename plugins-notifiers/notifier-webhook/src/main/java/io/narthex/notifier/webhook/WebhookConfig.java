package io.narthex.notifier.webhook;

import io.narthex.spi.config.ConfigNode;
import io.narthex.spi.config.Secret;
import io.narthex.spi.config.Setting;
import io.narthex.spi.plugin.HttpTransport.HttpSettings;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** One entry of {@code webhook_configs}. */
public record WebhookConfig(
    @Setting(
            help = "Where to post; a template; this or url_file has to be given",
            excludes = "url_file")
        @Nullable Secret url,
    @Setting(help = "File with the URL, read for every notification") String urlFile,
    @Setting(
            help = "Most alerts in a message; 0 = all; the rest is counted in truncatedAlerts",
            min = 0)
        int maxAlerts,
    @Setting(help = "How long a request may take; 0 = 30s", defaultValue = "0s") Duration timeout,
    @Setting(help = "Own body; every text is a template", optional = true)
        @Nullable ConfigNode payload,
    @Setting(help = "HTTP client; replaces the global one", optional = true)
        @Nullable HttpSettings httpConfig) {
  /** Keys of {@code global} that count here. */
  public record Globals(
      @Setting(help = "HTTP client of all receivers", optional = true)
          @Nullable HttpSettings httpConfig) {}
}
