package io.narthex.exporter.jvm;

import io.narthex.exporter.jvm.remote.LocalJvms;
import io.narthex.spi.config.ConfigException;
import io.narthex.spi.exporter.MetricSink;
import io.narthex.spi.exporter.PartialExporter;
import io.narthex.spi.exporter.TargetExporter;
import io.narthex.spi.plugin.PluginContext;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Collects the metrics of the server's own JVM or, with the parameter {@code module}, those of a
 * JVM that the settings allow.
 */
final class JvmExporter implements TargetExporter, PartialExporter {
  private static final String OWN = "";
  private static final int MOST_SCRAPES = 1_000;

  private final PluginContext context;
  private final long openedMs;
  private final OwnJvm own = new OwnJvm();
  private final LocalJvms localJvms = new LocalJvms();
  private final Map<String, JvmModule> modules = new TreeMap<>();
  private final Map<String, String> unusable = new TreeMap<>(); // modules, with the reason

  /** Those used last; guarded by itself. */
  private final Map<String, ModuleScrape> scrapes =
      new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, ModuleScrape> eldest) {
          return size() > MOST_SCRAPES;
        }
      };

  JvmExporter(JvmConfig config, PluginContext context) {
    this.context = context;
    openedMs = context.clock().millis();
    config
        .modules()
        .forEach((name, m) -> {
          try {
            modules.put(name, new JvmModule(name, m, context));
          } catch (ConfigException e) {
            unusable.put(name, String.valueOf(e.getMessage()));
          }
        });
  }

  @Override
  public Map<String, String> problems() {
    return unusable;
  }

  @Override
  public String target(Map<String, List<String>> parameters) {
    String moduleName = parameter(parameters, "module");
    String target = parameter(parameters, "target");
    if (moduleName == null) {
      if (target != null) {
        throw new IllegalArgumentException(
            "the parameter target needs the parameter module; modules: " + modules.keySet());
      }
      return OWN;
    }
    Target unused = module(moduleName).target(target);
    return moduleName + (target == null ? "" : " " + target);
  }

  private JvmModule module(String name) {
    JvmModule module = modules.get(name);
    String reason = unusable.get(name);
    if (reason != null) {
      throw new IllegalArgumentException(reason + "; mend it and reload the configuration");
    }
    if (module == null) {
      throw new IllegalArgumentException(
          "there is no such module in narthex.yml; modules: " + modules.keySet());
    }
    return module;
  }

  private static @Nullable String parameter(Map<String, List<String>> parameters, String name) {
    List<String> values = parameters.getOrDefault(name, List.of());
    if (values.size() > 1) {
      throw new IllegalArgumentException("the parameter " + name + " may be given once");
    }
    return values.isEmpty() || values.get(0).isEmpty() ? null : values.get(0);
  }

  @Override
  public void collect(MetricSink sink, Map<String, List<String>> parameters)
      throws InterruptedException {
    String key = target(parameters);
    String moduleName = parameter(parameters, "module");
    if (moduleName == null) {
      own.collect(sink);
      return;
    }
    JvmModule module = module(moduleName);
    Duration delay = module.rules().rules().startDelay();
    if (context.clock().millis() - openedMs < delay.toMillis()) {
      return;
    }
    ModuleScrape scrape;
    synchronized (scrapes) {
      scrape =
          scrapes.computeIfAbsent(
              key, k -> new ModuleScrape("module and target \"" + k + "\"", module, localJvms));
    }
    scrape.collect(module.target(parameter(parameters, "target")), sink);
  }

  @Override
  public void close() {
    own.close();
    synchronized (scrapes) {
      scrapes.clear();
    }
  }
}
