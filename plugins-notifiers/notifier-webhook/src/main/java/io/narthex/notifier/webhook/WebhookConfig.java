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
            help = "URL to post to; a template; this or url_file is required",
            excludes = "url_file")
        @Nullable Secret url,
    @Setting(help = "File with the URL, read for every notification", file = true) String urlFile,
    @Setting(
            help = "Most alerts in a message, the rest are counted in truncatedAlerts; 0 = all",
            min = 0)
        int maxAlerts,
    @Setting(help = "Timeout of a request; 0s = 30s", defaultValue = "0s") Duration timeout,
    @Setting(
            help = "Body in place of the standard one; every text in it is a template",
            optional = true)
        @Nullable ConfigNode payload,
    @Setting(help = "HTTP client; replaces the global one", optional = true)
        @Nullable HttpSettings httpConfig) {
  /** The keys of {@code global} that this notifier reads. */
  public record Globals(
      @Setting(help = "HTTP client of all receivers", optional = true)
          @Nullable HttpSettings httpConfig) {}
}
