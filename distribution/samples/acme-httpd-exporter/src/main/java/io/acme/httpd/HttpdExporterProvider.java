package io.acme.httpd;

import io.narthex.spi.config.ConfigException;
import io.narthex.spi.exporter.Exporter;
import io.narthex.spi.exporter.ExporterProvider;
import io.narthex.spi.plugin.PluginContext;

/** Offers the exporter {@code acme_httpd}. */
public final class HttpdExporterProvider implements ExporterProvider<HttpdConfig> {
  @Override
  public String type() {
    return "acme_httpd";
  }

  @Override
  public Class<HttpdConfig> configType() {
    return HttpdConfig.class;
  }

  @Override
  public Exporter open(HttpdConfig config, PluginContext context) {
    String scheme = config.url().scheme();
    if (!"http".equals(scheme) && !"https".equals(scheme)) {
      throw new ConfigException(
          "url must begin with http:// or https://, got \"" + config.url() + "\"");
    }
    return new HttpdExporter(config, context.http());
  }
}
