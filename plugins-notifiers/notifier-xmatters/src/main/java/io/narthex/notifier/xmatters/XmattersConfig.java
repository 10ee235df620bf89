package io.narthex.notifier.xmatters;

import io.narthex.spi.config.Secret;
import io.narthex.spi.config.Setting;
import io.narthex.spi.plugin.HttpTransport.HttpSettings;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One entry of {@code xmatters_configs}. */
public record XmattersConfig(
    @Setting(
            help =
                "URL of the inbound trigger, with its apiKey if it has one; this or url_file is required",
            excludes = "url_file")
        @Nullable Secret url,
    @Setting(help = "File with the URL, read for every notification", file = true) String urlFile,
    @Setting(help = "Groups, users or user|device; templates; empty = those of the form")
        List<String> recipients,
    @Setting(help = "HIGH, MEDIUM or LOW; a template; empty = that of the form") String priority,
    @Setting(help = "More properties of the form; values are templates")
        Map<String, String> properties,
    @Setting(
            help =
                "URL of /api/xm/1/events, where resolved groups end their events; empty = they trigger again")
        String eventsUrl,
    @Setting(help = "Timeout of a request; 0s = 30s", defaultValue = "0s") Duration timeout,
    @Setting(help = "HTTP client; replaces the global one", optional = true)
        @Nullable HttpSettings httpConfig) {
  /** Copies lists and maps. */
  public XmattersConfig {
    recipients = List.copyOf(recipients);
    properties = Map.copyOf(properties);
  }

  /** The keys of {@code global} that this notifier reads. */
  public record Globals(
      @Setting(help = "HTTP client of all receivers", optional = true)
          @Nullable HttpSettings httpConfig) {}
}
