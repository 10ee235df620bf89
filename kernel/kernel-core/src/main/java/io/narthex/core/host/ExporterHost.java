package io.narthex.core.host;

import io.narthex.core.host.ProviderRegistry.Kind;
import io.narthex.core.host.ProviderRegistry.Provider;
import io.narthex.format.yaml.ConfigBinder;
import io.narthex.service.exporter.ExporterService;
import io.narthex.spi.config.ConfigNode;
import io.narthex.spi.config.ConfigNode.Mapping;
import io.narthex.spi.exporter.Exporter;
import io.narthex.spi.exporter.ExporterProvider;
import io.narthex.spi.exporter.MetricSink;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs the exporters: one instance a type, opened when its plugin arrives, one collection at a
 * time.
 */
public final class ExporterHost implements ExporterService, ProviderRegistry.Listener {
  private static final Logger LOG = LoggerFactory.getLogger(ExporterHost.class);
  private static final long WAIT_SECONDS = 10;

  /** One exporter; {@code turn} guards {@code exporter} and is held while it collects. */
  private static final class Slot {
    final ReentrantLock turn = new ReentrantLock(true);
    volatile @Nullable Exporter exporter;
    volatile String problem = "is not available";
  }

  private final Map<String, Slot> slots = new ConcurrentHashMap<>();
  private final HostEnvironment environment;
  private volatile Mapping settings;
  private volatile Path configDirectory;

  /** Creates a host without exporters. */
  public ExporterHost(HostEnvironment environment, Mapping settings, Path configDirectory) {
    this.environment = environment;
    this.settings = settings;
    this.configDirectory = configDirectory;
  }

  /** Takes new settings; they are used by exporters opened from now on. */
  public void settings(Mapping exporters, Path folder) {
    settings = exporters;
    configDirectory = folder;
  }

  @Override
  public List<String> types() {
    return slots.entrySet().stream()
        .filter(e -> e.getValue().exporter != null)
        .map(Map.Entry::getKey)
        .sorted()
        .toList();
  }

  @Override
  public boolean has(String type) {
    Slot slot = slots.get(type);
    return slot != null && slot.exporter != null;
  }

  @Override
  public void collect(String type, MetricSink sink, Map<String, List<String>> parameters)
      throws IOException, InterruptedException {
    Slot slot = slots.get(type);
    if (slot == null) {
      throw new IOException("exporter `" + type + "` is not available; waiting for its plugin");
    }
    if (!slot.turn.tryLock(WAIT_SECONDS, TimeUnit.SECONDS)) {
      throw new IOException("exporter `" + type + "` has been busy for " + WAIT_SECONDS + " s");
    }
    try {
      Exporter exporter = slot.exporter;
      if (exporter == null) {
        throw new IOException("exporter `" + type + "` " + slot.problem);
      }
      PluginCalls.call(
          exporter,
          () -> {
            exporter.collect(sink, parameters);
            return true;
          });
    } catch (IOException | InterruptedException e) {
      throw e;
    } catch (Exception e) {
      throw new IOException("exporter `" + type + "` failed: " + e, e);
    } finally {
      slot.turn.unlock();
    }
  }

  @Override
  public void probe(Provider candidate) {
    if (candidate.kind() == Kind.EXPORTER) {
      Exporter exporter = open(candidate);
      exporter.close();
    }
  }

  private Exporter open(Provider provider) {
    ExporterProvider<?> service = (ExporterProvider<?>) provider.service();
    ConfigNode block = settings.get(provider.type());
    return openTyped(
        service, block == null ? ConfigNode.emptyMapping("narthex.yml") : block, provider.type());
  }

  private <C extends Record> Exporter openTyped(
      ExporterProvider<C> service, ConfigNode block, String type) {
    C config = ConfigBinder.bind(block, service.configType());
    return PluginCalls.open(
        service,
        () -> service.open(config, environment.context(type, "exporter " + type, configDirectory)));
  }

  @Override
  public void changed(Kind kind, String type, @Nullable Provider now) {
    if (kind != Kind.EXPORTER) {
      return;
    }
    Exporter next = null;
    String problem = "is not available; waiting for its plugin";
    if (now != null) {
      try {
        next = open(now);
      } catch (RuntimeException e) {
        problem = "cannot be opened: " + e.getMessage();
        LOG.error("exporter `{}` {}", type, problem);
      }
    }
    Slot slot = slots.computeIfAbsent(type, t -> new Slot());
    Exporter former;
    slot.turn.lock();
    try {
      former = slot.exporter;
      slot.exporter = next;
      slot.problem = problem;
    } finally {
      slot.turn.unlock();
    }
    if (former != null) {
      former.close();
    }
  }

  /** Closes all exporters. */
  public void close() {
    for (String type : List.copyOf(slots.keySet())) {
      changed(Kind.EXPORTER, type, null);
    }
  }
}
