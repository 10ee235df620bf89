package io.narthex.core.host;

import io.narthex.core.config.HttpClientChecks;
import io.narthex.core.host.ProviderRegistry.Kind;
import io.narthex.core.host.ProviderRegistry.Provider;
import io.narthex.format.yaml.ConfigBinder;
import io.narthex.service.exporter.ExporterService;
import io.narthex.spi.config.ConfigException;
import io.narthex.spi.config.ConfigNode;
import io.narthex.spi.config.ConfigNode.Mapping;
import io.narthex.spi.exporter.Exporter;
import io.narthex.spi.exporter.ExporterProvider;
import io.narthex.spi.exporter.MetricSink;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs the exporters: one instance a type, opened when its plugin arrives, one collection at a
 * time.
 *
 * <p><b>Swap.</b> A slot holds one opened exporter for ever. A replacement is opened first, then
 * its slot takes the place of the former, whose collection is waited for before it is closed. A
 * collection that was waiting for its turn at the former slot goes on to the new one.
 */
public final class ExporterHost implements ExporterService, ProviderRegistry.Listener {
  private static final Logger LOG = LoggerFactory.getLogger(ExporterHost.class);
  private static final long WAIT_SECONDS = 10;

  /** One opened exporter, or the reason why there is none. */
  private static final class Slot {
    final ReentrantLock turn = new ReentrantLock(true); // held while it collects
    final @Nullable Provider provider;
    final @Nullable Exporter exporter;
    final String problem;
    volatile @Nullable Thread collector;

    Slot(@Nullable Provider provider, @Nullable Exporter exporter, String problem) {
      this.provider = provider;
      this.exporter = exporter;
      this.problem = problem;
    }
  }

  private final ConcurrentMap<String, Slot> slots = new ConcurrentHashMap<>();
  private final HostEnvironment environment;
  private volatile Mapping settings;
  private volatile Path configDirectory;

  /** Creates a host without exporters. */
  public ExporterHost(HostEnvironment environment, Mapping settings, Path configDirectory) {
    this.environment = environment;
    this.settings = settings;
    this.configDirectory = configDirectory;
  }

  /**
   * Checks settings against the exporters that are there.
   *
   * @throws ConfigException for a block its plugin refuses
   */
  public void check(Mapping exporters, Path folder) {
    slots.forEach((type, slot) -> {
      Provider provider = slot.provider;
      if (provider != null && !Objects.equals(plain(exporters, type), plain(settings, type))) {
        close(type, open(provider, exporters, folder));
      }
    });
  }

  /** Takes new settings; exporters whose settings have changed are opened anew. */
  public void settings(Mapping exporters, Path folder) {
    Mapping before = settings;
    boolean sameFolder = folder.equals(configDirectory);
    settings = exporters;
    configDirectory = folder;
    slots.forEach((type, slot) -> {
      if (slot.provider != null
          && !(sameFolder && Objects.equals(plain(before, type), plain(exporters, type)))) {
        changed(Kind.EXPORTER, type, slot.provider);
      }
    });
  }

  private static Object plain(Mapping exporters, String type) {
    ConfigNode node = exporters.get(type);
    // an empty block is the same as none
    return Objects.requireNonNullElse(node == null ? null : node.toPlain(), Map.of());
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
    Slot slot = enter(type);
    try {
      Exporter exporter = slot.exporter;
      if (exporter == null) {
        throw new IOException("exporter `" + type + "` " + slot.problem);
      }
      slot.collector = Thread.currentThread();
      PluginCalls.call(
          exporter,
          () -> {
            exporter.collect(sink, parameters);
            return true;
          });
    } catch (IOException | InterruptedException e) {
      throw e;
    } catch (Exception | LinkageError e) {
      throw new IOException("exporter `" + type + "` failed: " + e, e);
    } finally {
      slot.collector = null;
      slot.turn.unlock();
    }
  }

  /** Waits for the turn at the present slot of a type; its lock is held on return. */
  private Slot enter(String type) throws IOException, InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(WAIT_SECONDS);
    while (true) {
      Slot slot = slots.get(type);
      if (slot == null) {
        throw new IOException(
            "exporter `" + type + "` is not available; waiting for plugin `" + type + "`");
      }
      if (!slot.turn.tryLock(deadline - System.nanoTime(), TimeUnit.NANOSECONDS)) {
        throw new IOException("exporter `" + type + "` has been busy for " + WAIT_SECONDS + " s");
      }
      if (slots.get(type) == slot) {
        return slot;
      }
      slot.turn.unlock(); // replaced while we waited
    }
  }

  @Override
  public void probe(Provider candidate) {
    if (candidate.kind() == Kind.EXPORTER) {
      close(candidate.type(), open(candidate, settings, configDirectory));
    }
  }

  private static void close(String type, Exporter exporter) {
    PluginCalls.close(exporter, "exporter " + type, exporter);
  }

  private Exporter open(Provider provider, Mapping exporters, Path folder) {
    ExporterProvider<?> service = (ExporterProvider<?>) provider.service();
    ConfigNode block = exporters.get(provider.type());
    return openTyped(
        service,
        block == null ? ConfigNode.emptyMapping(exporters.place().file()) : block,
        provider.type(),
        folder);
  }

  private <C extends Record> Exporter openTyped(
      ExporterProvider<C> service, ConfigNode block, String type, Path folder) {
    C config = ConfigBinder.bind(block, service.configType());
    HttpClientChecks.checkAll(config, block);
    try {
      return PluginCalls.open(
          service,
          "exporter " + type,
          () -> service.open(config, environment.context(type, "exporter " + type, folder)));
    } catch (ConfigException e) {
      throw new ConfigException(block.place() + ": " + e.getMessage(), e);
    }
  }

  @Override
  public void changed(Kind kind, String type, @Nullable Provider now) {
    if (kind != Kind.EXPORTER) {
      return;
    }
    Exporter next = null;
    String problem = "is not available; waiting for plugin `" + type + "`";
    if (now != null) {
      try {
        next = open(now, settings, configDirectory);
      } catch (RuntimeException | LinkageError e) {
        problem = "cannot be opened: " + e.getMessage();
        LOG.error("exporter `{}` {}", type, problem);
      }
    }
    Slot former = slots.put(type, new Slot(now, next, problem));
    if (former != null && former.exporter != null) {
      drainAndClose(type, former, former.exporter);
    }
  }

  private static void drainAndClose(String type, Slot slot, Exporter exporter) {
    boolean quiet = false;
    try {
      quiet = slot.turn.tryLock(WAIT_SECONDS, TimeUnit.SECONDS);
      Thread collector = slot.collector;
      if (!quiet && collector != null) {
        collector.interrupt();
        quiet = slot.turn.tryLock(1, TimeUnit.SECONDS);
        if (!quiet) {
          LOG.warn(
              "exporter `{}` does not stop when interrupted; its class loader stays alive", type);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      if (quiet) {
        slot.turn.unlock();
      }
    }
    close(type, exporter);
  }

  /** Returns the exporter of a type with its problem, or empty. */
  public Map<String, String> instances(String type) {
    Slot slot = slots.get(type);
    return slot == null || slot.provider == null
        ? Map.of()
        : Map.of("/exporters/" + type + "/metrics", slot.exporter == null ? slot.problem : "");
  }

  /** Closes all exporters. */
  public void close() {
    for (String type : List.copyOf(slots.keySet())) {
      changed(Kind.EXPORTER, type, null);
    }
  }
}
