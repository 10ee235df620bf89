package io.narthex.notifier.pagerduty;

import io.narthex.model.go.GoUrl;
import io.narthex.spi.config.ConfigException;
import io.narthex.spi.config.ConfigNode;
import io.narthex.spi.config.ConfigNode.Entry;
import io.narthex.spi.config.ConfigNode.Place;
import io.narthex.spi.config.ConfigNode.Scalar;
import io.narthex.spi.notifier.Notifier;
import io.narthex.spi.notifier.NotifierProvider;
import io.narthex.spi.plugin.HttpTransport.HttpSettings;
import io.narthex.spi.plugin.PluginContext;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.osgi.service.component.annotations.Component;

/** Offers the notifier type {@code pagerduty}. */
@Component(service = NotifierProvider.class)
public final class PagerdutyNotifierProvider
    implements NotifierProvider<PagerdutyConfig, PagerdutyConfig.Globals> {
  static final GoUrl V1 =
      GoUrl.parse("https://events.pagerduty.com/generic/2010-04-15/create_event.json");

  @Override
  public String type() {
    return "pagerduty";
  }

  @Override
  public Class<PagerdutyConfig> configType() {
    return PagerdutyConfig.class;
  }

  @Override
  public Class<PagerdutyConfig.Globals> globalConfigType() {
    return PagerdutyConfig.Globals.class;
  }

  @Override
  public String templates() {
    String name = "pagerduty.tmpl";
    try (InputStream in = PagerdutyNotifierProvider.class.getResourceAsStream(name)) {
      return new String(Objects.requireNonNull(in, name).readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public boolean sendResolvedByDefault() {
    return true;
  }

  @Override
  public Notifier open(
      PagerdutyConfig config, PagerdutyConfig.Globals globals, PluginContext context) {
    return open(config, globals, context, V1);
  }

  /** As {@link #open}, with another URL for version 1 of the API. */
  Notifier open(
      PagerdutyConfig config, PagerdutyConfig.Globals globals, PluginContext context, GoUrl v1) {
    PagerdutyConfig.RoutingKey routing = config.endpoint().routing();
    PagerdutyConfig.ServiceKey service = config.endpoint().service();
    if (!routing.isGiven() && !service.isGiven()) {
      throw new ConfigException("missing service or routing key in PagerDuty config");
    }
    if (PagerdutyConfig.isGiven(routing.routingKey()) && !routing.routingKeyFile().isEmpty()) {
      throw new ConfigException("at most one of routing_key & routing_key_file must be configured");
    }
    if (PagerdutyConfig.isGiven(service.serviceKey()) && !service.serviceKeyFile().isEmpty()) {
      throw new ConfigException("at most one of service_key & service_key_file must be configured");
    }
    if (config.details() != null
        && !(config.details() instanceof ConfigNode.Mapping)
        && config.details().toPlain() != null) {
      throw new ConfigException("details must be a map of names to values");
    }
    GoUrl url = service.isGiven() ? v1 : url(config.endpoint().or(globals).url());
    return new PagerdutyNotifier(config, url, service.isGiven(), http(config, globals), context);
  }

  private static HttpSettings http(PagerdutyConfig config, PagerdutyConfig.Globals globals) {
    HttpSettings http = config.httpConfig() == null ? globals.httpConfig() : config.httpConfig();
    return http == null ? HttpSettings.DEFAULT : http;
  }

  @Override
  public PagerdutyConfig effective(PagerdutyConfig c, PagerdutyConfig.Globals g) {
    return new PagerdutyConfig(
        c.endpoint().or(g),
        c.summary(),
        c.source().isEmpty() ? c.summary().client() : c.source(),
        c.scope(),
        details(c.details()),
        c.images(),
        c.links(),
        c.timeout(),
        http(c, g));
  }

  /** Returns the details of an event: those that every event has, and the block's own. */
  private static ConfigNode details(@Nullable ConfigNode own) {
    Place place = own == null ? new Place("", 1, 1) : own.place();
    Map<String, Entry> all = new TreeMap<>();
    for (PagerdutyEvent.Detail d : PagerdutyEvent.DETAILS) {
      Scalar text = new Scalar(place, d.template(), Scalar.Kind.STRING);
      all.put(d.name(), new Entry(place, d.name(), text));
    }
    if (own instanceof ConfigNode.Mapping map) {
      map.entries().forEach(e -> all.put(e.key(), e));
    }
    return new ConfigNode.Mapping(place, List.copyOf(all.values()));
  }

  private static GoUrl url(String text) {
    try {
      return GoUrl.parseHttp(text);
    } catch (GoUrl.InvalidUrlException e) {
      throw new ConfigException("url: " + e.reason() + ", got \"" + text + "\"", e);
    }
  }
}
