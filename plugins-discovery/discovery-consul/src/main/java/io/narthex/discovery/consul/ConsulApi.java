package io.narthex.discovery.consul;

import io.narthex.json.tree.JsonTree;
import io.narthex.model.go.GoUrl;
import io.narthex.spi.plugin.HttpTransport.HttpSettings;
import io.narthex.spi.plugin.HttpTransport.Request;
import io.narthex.spi.plugin.HttpTransport.Response;
import io.narthex.spi.plugin.PluginContext;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The part of Consul's HTTP API that discovery needs. Thread-safe. */
final class ConsulApi {
  /** How long Consul may hold a blocking query. */
  private static final Duration WAIT = Duration.ofSeconds(120);

  /** Consul adds up to a sixteenth to the wait; the rest is for the network. */
  private static final Duration TIMEOUT = Duration.ofSeconds(135);

  /**
   * A response.
   *
   * @param body the JSON
   * @param index what the next blocking query waits to exceed; 0 = it does not wait
   */
  record Answer(@Nullable Object body, long index) {}

  private final ConsulConfig config;
  private final HttpSettings http;
  private final String base;
  private final PluginContext context;

  ConsulApi(ConsulConfig config, HttpSettings http, String base, PluginContext context) {
    this.config = config;
    this.http = http;
    this.base = base;
    this.context = context;
  }

  /** Returns the datacenter of the agent. */
  String agentDatacenter() throws IOException, InterruptedException {
    Answer self = get(new StringBuilder(base).append("/v1/agent/self").toString(), 0);
    String datacenter = JsonTree.text(self.body(), "Config", "Datacenter");
    if (datacenter.isEmpty()) {
      throw new IOException("agent of " + config.server() + " does not name its datacenter");
    }
    return datacenter;
  }

  /** Returns the services with their tags, once they have changed since {@code index}. */
  Answer services(String datacenter, long index) throws IOException, InterruptedException {
    StringBuilder url = query("/v1/catalog/services", datacenter, index);
    parameter(url, "filter", config.filter());
    return get(url.toString(), index);
  }

  /** Returns the instances of a service, once they have changed since {@code index}. */
  Answer health(String service, String datacenter, long index)
      throws IOException, InterruptedException {
    StringBuilder url = query("/v1/health/service/" + encode(service), datacenter, index);
    for (String tag : config.tags()) {
      parameter(url, "tag", tag);
    }
    parameter(url, "filter", config.healthFilter());
    return get(url.toString(), index);
  }

  private StringBuilder query(String path, String datacenter, long index) {
    StringBuilder url =
        new StringBuilder(base).append(path).append("?dc=").append(encode(datacenter));
    parameter(url, "ns", config.namespace());
    parameter(url, "partition", config.partition());
    config.nodeMeta().forEach((k, v) -> parameter(url, "node-meta", k + ":" + v));
    if (config.allowStale()) {
      url.append("&stale=");
    }
    if (index > 0) {
      url.append("&index=").append(index).append("&wait=").append(WAIT.toMillis()).append("ms");
    }
    return url;
  }

  private static void parameter(StringBuilder url, String name, String value) {
    if (!value.isEmpty()) {
      url.append('&').append(name).append('=').append(encode(value));
    }
  }

  private static String encode(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
  }

  private Answer get(String url, long index) throws IOException, InterruptedException {
    Map<String, String> headers =
        config.token() == null || config.token().isEmpty()
            ? Map.of()
            : Map.of("X-Consul-Token", config.token().reveal());
    Request request = new Request("GET", GoUrl.parse(url), headers, null, TIMEOUT, null);
    try (Response response = context.http().send(request, http)) {
      if (response.status() != 200) {
        String body = new String(response.body().readNBytes(200), StandardCharsets.UTF_8).strip();
        throw new IOException("Unexpected response code: " + response.status() + " (" + body + ")");
      }
      Object body = JsonTree.read(response.body());
      String header = response.header("X-Consul-Index");
      long next;
      try {
        next = header == null ? 0 : Long.parseLong(header);
      } catch (NumberFormatException _) {
        next = 0;
      }
      // a smaller index means that the server's state was restored: query again without one
      return new Answer(body == null ? List.of() : body, next < index ? 0 : next);
    }
  }
}
