package io.narthex.discovery.http;

import io.narthex.json.targets.TargetListJson;
import io.narthex.model.TargetGroup;
import io.narthex.model.go.GoUrl;
import io.narthex.spi.discovery.Discovery;
import io.narthex.spi.discovery.TargetSink;
import io.narthex.spi.plugin.HttpTransport.Request;
import io.narthex.spi.plugin.HttpTransport.Response;
import io.narthex.spi.plugin.PluginContext;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/** Polls a list of target groups. A failed fetch keeps the previous targets. */
final class HttpDiscovery implements Discovery {
  private static final Pattern JSON =
      Pattern.compile("(?i)application/json(;\\s*charset=(\"utf-8\"|utf-8))?", 0);

  private final HttpConfig config;
  private final GoUrl url;
  private final PluginContext context;

  HttpDiscovery(HttpConfig config, GoUrl url, PluginContext context) {
    this.config = config;
    this.url = url;
    this.context = context;
  }

  @Override
  public void run(TargetSink sink) throws InterruptedException {
    int known = 0;
    while (true) {
      try {
        List<TargetGroup> groups = fetch();
        int now = groups.size();
        for (int i = now; i < known; i++) {
          groups.add(new TargetGroup(source(i), Map.of(), List.of()));
        }
        known = now;
        sink.update(groups);
      } catch (IOException e) {
        if (Thread.interrupted()) {
          throw new InterruptedException();
        }
        sink.refreshFailed(String.valueOf(e.getMessage()));
      }
      Thread.sleep(config.refreshInterval());
    }
  }

  @Override
  public Optional<List<TargetGroup>> probe() throws IOException, InterruptedException {
    return Optional.of(fetch());
  }

  private String source(int index) {
    return config.url() + ":" + index;
  }

  private List<TargetGroup> fetch() throws IOException, InterruptedException {
    Request request =
        new Request(
            "GET",
            url,
            Map.of(
                "Accept",
                "application/json",
                "X-Prometheus-Refresh-Interval-Seconds",
                seconds(config.refreshInterval())),
            null,
            config.refreshInterval(),
            null);
    try (Response response = context.http().send(request, config.http())) {
      if (response.status() != 200) {
        throw new IOException("server returned HTTP status " + response.status());
      }
      String type = response.header("Content-Type");
      if (type == null || !JSON.matcher(type.strip()).matches()) {
        throw new IOException("unsupported content type \"" + (type == null ? "" : type) + "\"");
      }
      List<TargetGroup> groups = new ArrayList<>();
      for (TargetListJson.Group g : TargetListJson.read("the answer", response.body())) {
        g.labels().put("__meta_url", config.url());
        List<Map<String, String>> targets =
            g.targets().stream().map(t -> Map.of(TargetGroup.ADDRESS, t)).toList();
        groups.add(new TargetGroup(source(groups.size()), g.labels(), targets));
      }
      return groups;
    }
  }

  /** Writes seconds, with a fraction only where there is one. */
  static String seconds(Duration d) {
    return java.math.BigDecimal.valueOf(d.toMillis(), 3).stripTrailingZeros().toPlainString();
  }
}
