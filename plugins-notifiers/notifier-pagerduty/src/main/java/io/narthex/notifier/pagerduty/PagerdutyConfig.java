package io.narthex.notifier.pagerduty;

import io.narthex.spi.config.ConfigNode;
import io.narthex.spi.config.Secret;
import io.narthex.spi.config.Setting;
import io.narthex.spi.plugin.HttpTransport.HttpSettings;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One entry of {@code pagerduty_configs}. */
public record PagerdutyConfig(
    @Setting(inline = true) Endpoint endpoint,
    @Setting(inline = true) Summary summary,
    @Setting(help = "Where the problem is; a template; empty = client") String source,
    @Setting(inline = true) Scope scope,
    @Setting(
            help = "More details, added to firing, resolved, num_firing, num_resolved; templates",
            optional = true)
        @Nullable ConfigNode details,
    @Setting(help = "Images of the incident") List<Image> images,
    @Setting(help = "Links of the incident") List<Link> links,
    @Setting(help = "Timeout of a request; 0s = 30s", defaultValue = "0s") Duration timeout,
    @Setting(help = "HTTP client; replaces the global one", optional = true)
        @Nullable HttpSettings httpConfig) {

  /** Copies the lists. */
  public PagerdutyConfig {
    images = List.copyOf(images);
    links = List.copyOf(links);
  }

  static boolean isGiven(@Nullable Secret secret) {
    return secret != null && !secret.isEmpty();
  }

  /** Where events are posted, and with which key. */
  public record Endpoint(
      @Setting(inline = true) RoutingKey routing,
      @Setting(inline = true) ServiceKey service,
      @Setting(help = "URL that v2 events are posted to; empty = pagerduty_url") String url) {
    /** Returns these values with the URL of {@code global:} in place of an absent one. */
    Endpoint or(Globals g) {
      return new Endpoint(routing, service, url.isEmpty() ? g.pagerdutyUrl : url);
    }
  }

  /** The key of version 2 of the API. */
  public record RoutingKey(
      @Setting(help = "Integration key of Events API v2; a template", excludes = "routing_key_file")
          @Nullable Secret routingKey,
      @Setting(help = "File with that key, read for every notification", file = true)
          String routingKeyFile) {
    boolean isGiven() {
      return PagerdutyConfig.isGiven(routingKey) || !routingKeyFile.isEmpty();
    }
  }

  /** The key of version 1 of the API. */
  public record ServiceKey(
      @Setting(
              help = "Integration key of Events API v1, preferred to a routing key; a template",
              excludes = "service_key_file")
          @Nullable Secret serviceKey,
      @Setting(help = "File with that key, read for every notification", file = true)
          String serviceKeyFile) {
    boolean isGiven() {
      return PagerdutyConfig.isGiven(serviceKey) || !serviceKeyFile.isEmpty();
    }
  }

  /** What an event says first, and who sends it. */
  public record Summary(
      @Setting(
              help = "Name of the client; a template",
              defaultValue = "{{ template \"pagerduty.default.client\" . }}")
          String client,
      @Setting(
              help = "URL of the client; a template",
              defaultValue = "{{ template \"pagerduty.default.clientURL\" . }}")
          String clientUrl,
      @Setting(
              help = "Summary of the event, cut at 1024 characters; a template",
              defaultValue = "{{ template \"pagerduty.default.description\" .}}")
          String description,
      @Setting(help = "critical, error, warning or info; a template; empty = error")
          String severity) {}

  /** What an event is about. */
  public record Scope(
      @Setting(name = "class", help = "Class of the event; a template") String eventClass,
      @Setting(help = "Component that is affected; a template") String component,
      @Setting(help = "Group of components; a template") String group) {}

  /** An image; without {@code src} it is left out. */
  public record Image(
      @Setting(help = "URL of the image; a template") String src,
      @Setting(help = "Alternative text; a template") String alt,
      @Setting(help = "URL that it links to; a template") String href) {}

  /** A link; without {@code href} it is left out. */
  public record Link(
      @Setting(help = "URL; a template") String href,
      @Setting(help = "Text; a template") String text) {}

  /** The keys of {@code global} that this notifier reads. */
  public record Globals(
      @Setting(
              help = "URL that v2 events are posted to",
              defaultValue = "https://events.pagerduty.com/v2/enqueue")
          String pagerdutyUrl,
      @Setting(help = "HTTP client of all receivers", optional = true)
          @Nullable HttpSettings httpConfig) {}
}
