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
                "Address of the inbound trigger, with apiKey if it uses one; this or url_file has to be given",
            excludes = "url_file")
        @Nullable Secret url,
    @Setting(help = "File with it, read for every notification") String urlFile,
    @Setting(help = "Groups, users or user|device; templates; none = the form's")
        List<String> recipients,
    @Setting(help = "HIGH, MEDIUM or LOW; a template; empty = the form's") String priority,
    @Setting(help = "Properties of the form beyond those below; templates")
        Map<String, String> properties,
    @Setting(help = "Address of /api/xm/1/events; given, resolved groups end their events there")
        String eventsUrl,
    @Setting(help = "How long a request may take; 0 = 30s", defaultValue = "0s") Duration timeout,
    @Setting(help = "HTTP client; replaces the global one", optional = true)
        @Nullable HttpSettings httpConfig) {
  /** Copies lists and maps. */
  public XmattersConfig {
    recipients = List.copyOf(recipients);
    properties = Map.copyOf(properties);
  }

  /** Keys of {@code global} that count here. */
  public record Globals(
      @Setting(help = "HTTP client of all receivers", optional = true)
          @Nullable HttpSettings httpConfig) {}
}
