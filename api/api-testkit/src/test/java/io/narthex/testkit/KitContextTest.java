package io.narthex.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import io.narthex.model.TargetGroup;
import io.narthex.model.go.GoUrl;
import io.narthex.spi.discovery.Discovery;
import io.narthex.spi.exporter.Exporter;
import io.narthex.spi.plugin.HttpTransport;
import io.narthex.spi.plugin.PluginContext;
import io.narthex.testkit.discovery.DiscoveryKit;
import io.narthex.testkit.exporter.ExporterKit;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What the kits give plugins to work with. */
class KitContextTest {
  private static final class OfDiscoveries extends DiscoveryKit {
    @Override
    protected Discovery open(PluginContext context) {
      throw new UnsupportedOperationException();
    }

    @Override
    protected List<TargetGroup> expected() {
      return List.of();
    }

    PluginContext given() {
      return context();
    }
  }

  private static final class OfExporters extends ExporterKit {
    @Override
    protected Exporter open(PluginContext context) {
      throw new UnsupportedOperationException();
    }

    PluginContext given() {
      return context();
    }
  }

  @Test
  void discoveriesAndExportersHaveHttp() throws Exception {
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/",
        x -> {
          x.sendResponseHeaders(204, -1);
          x.close();
        });
    server.start();
    GoUrl uri = GoUrl.parse("http://127.0.0.1:" + server.getAddress().getPort() + "/");
    try {
      for (PluginContext context :
          List.of(new OfDiscoveries().given(), new OfExporters().given())) {
        try (HttpTransport.Response answer =
            context
                .http()
                .send(
                    HttpTransport.Request.get(uri, Duration.ofSeconds(10)),
                    HttpTransport.HttpSettings.DEFAULT)) {
          assertThat(answer.status()).isEqualTo(204);
        }
      }
    } finally {
      server.stop(0);
    }
  }
}
