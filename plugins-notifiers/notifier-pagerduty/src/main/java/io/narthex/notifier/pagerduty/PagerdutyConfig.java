package io.narthex.notifier.pagerduty;

import io.narthex.spi.config.ConfigNode;
import io.narthex.spi.config.Secret;
import io.narthex.spi.config.Setting;
import io.narthex.spi.plugin.HttpTransport.HttpSettings;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One entry of {@code pagerduty_configs}. All texts but files are templates. */
public record PagerdutyConfig(
    @Setting(help = "Integration key of Events API v2", excludes = "routing_key_file")
        @Nullable Secret routingKey,
    @Setting(help = "File with that key, read for every notification") String routingKeyFile,
    @Setting(
            help = "Integration key of the Events API v1; wins over a routing key",
            excludes = "service_key_file")
        @Nullable Secret serviceKey,
    @Setting(help = "File with that key, read for every notification") String serviceKeyFile,
    @Setting(help = "Where to post v2 events; empty = the global pagerduty_url") String url,
    @Setting(
            help = "Name of the client",
            defaultValue = "{{ template \"pagerduty.default.client\" . }}")
        String client,
    @Setting(
            help = "Link back to the client",
            defaultValue = "{{ template \"pagerduty.default.clientURL\" . }}")
        String clientUrl,
    @Setting(
            help = "Summary of the event, cut at 1024 characters",
            defaultValue = "{{ template \"pagerduty.default.description\" .}}")
        String description,
    @Setting(help = "critical, error, warning or info; empty = error") String severity,
    @Setting(help = "Where it happens; empty = client") String source,
    @Setting(name = "class", help = "Kind of the event") String eventClass,
    @Setting(help = "Part that is concerned") String component,
    @Setting(help = "Group of components") String group,
    @Setting(
            help = "More details, added to firing, resolved, num_firing, num_resolved",
            optional = true)
        @Nullable ConfigNode details,
    @Setting(help = "Images of the incident") List<Image> images,
    @Setting(help = "Links of the incident") List<Link> links,
    @Setting(help = "How long a request may take; 0 = 30s", defaultValue = "0s") Duration timeout,
    @Setting(help = "HTTP client; replaces the global one", optional = true)
        @Nullable HttpSettings httpConfig) {

  /** Copies the lists. */
  public PagerdutyConfig {
    images = List.copyOf(images);
    links = List.copyOf(links);
  }

  /** An image; without {@code src} it is left out. */
  public record Image(
      @Setting(help = "Where the image is") String src,
      @Setting(help = "Text instead of it") String alt,
      @Setting(help = "Where it links to") String href) {}

  /** A link; without {@code href} it is left out. */
  public record Link(
      @Setting(help = "Where it leads") String href, @Setting(help = "Its text") String text) {}

  /** Keys of {@code global} that count here. */
  public record Globals(
      @Setting(
              help = "Where v2 events are posted",
              defaultValue = "https://events.pagerduty.com/v2/enqueue")
          String pagerdutyUrl,
      @Setting(help = "HTTP client of all receivers", optional = true)
          @Nullable HttpSettings httpConfig) {}
}
