package io.narthex.http;

import io.narthex.http.access.Identity;
import io.narthex.service.config.ConfigService;
import io.narthex.service.config.ConfigSnapshot;
import io.narthex.service.config.PrometheusConfig;
import io.narthex.service.web.UiSettings;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.Response;
import java.io.IOException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** What the pages have to know of the configuration: {@code /narthex/api/v1/ui}. */
@Path("/narthex/api/v1/ui")
public final class UiApi {
  private final ConfigService config;

  UiApi(ConfigService config) {
    this.config = config;
  }

  /** Returns links, intervals and the name of the user. */
  @GET
  public Response ui(@Context HttpServletRequest request) {
    ConfigSnapshot now = config.current();
    UiSettings.Links links = now.ui().links();
    PrometheusConfig.Global global = now.prometheus().global();
    Identity identity = Identity.of(request);
    Response answer =
        Api.json(
            200,
            out ->
                out.object(() -> {
                  out.object(
                      "links",
                      () -> {
                        link(out, "logs", links.logs());
                        link(out, "trace", links.trace());
                      });
                  out.field("scrapeIntervalSeconds", seconds(global.scrapeInterval()));
                  out.field("evaluationIntervalSeconds", seconds(global.evaluationInterval()));
                  out.value("user", identity == null ? null : identity.name());
                }));
    answer.getHeaders().putSingle("Cache-Control", "no-store");
    return answer;
  }

  private static void link(Json out, String name, UiSettings.@Nullable Link link)
      throws IOException {
    if (link == null) {
      out.value(name, null);
      return;
    }
    out.object(
        name,
        () -> {
          out.field("title", link.title());
          out.field("url", link.url());
        });
  }

  private static double seconds(Duration duration) {
    return duration.toMillis() / 1000.0;
  }
}
