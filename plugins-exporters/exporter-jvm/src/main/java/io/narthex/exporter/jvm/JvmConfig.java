package io.narthex.exporter.jvm;

import io.narthex.spi.config.Setting;
import java.util.Map;

/** The block {@code exporters.jvm}. */
public record JvmConfig(
    @Setting(
            help =
                "How other JVMs are scraped, by the name that the parameter module of a scrape"
                    + " gives; without that parameter the server's own JVM is")
        Map<String, ModuleConfig> modules) {
  /** Copies the map. */
  public JvmConfig {
    modules = Map.copyOf(modules);
  }
}
