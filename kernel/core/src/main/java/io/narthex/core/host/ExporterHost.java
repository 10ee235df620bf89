package io.narthex.core.host;

import io.narthex.core.config.HttpClientChecks;
import io.narthex.core.host.ProviderRegistry.Kind;
import io.narthex.core.host.ProviderRegistry.Provider;
import io.narthex.format.yaml.ConfigBinder;
import io.narthex.model.Exemplar;
import io.narthex.model.Labels;
import io.narthex.model.MetricMetadata;
import io.narthex.model.NativeHistogram;
import io.narthex.service.exporter.ExporterService;
import io.narthex.spi.config.ConfigException;
import io.narthex.spi.config.ConfigNode;
import io.narthex.spi.config.ConfigNode.Mapping;
import io.narthex.spi.exporter.Exporter;
import io.narthex.spi.exporter.ExporterProvider;
import io.narthex.spi.exporter.MetricSink;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
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
  private static final long RECHECK_NANOS = TimeUnit.MILLISECONDS.toNanos(20);
  private static final Duration STOP_DEADLINE = Duration.ofSeconds(1);

  /** One opened exporter, or the reason why there is none. */
  private static final class Slot {
    final ReentrantLock turn = new ReentrantLock(true); // held while it collects
    final @Nullable Provider provider;
    final @Nullable Exporter exporter;
    final String problem;
    final CircuitBreaker breaker;
    volatile @Nullable PluginCall<Boolean> collection; // the latest; written by the turn's holder

    Slot(
        @Nullable Provider provider,
        @Nullable Exporter exporter,
        String problem,
        CircuitBreaker breaker) {
      this.provider = provider;
      this.exporter = exporter;
      this.problem = problem;
      this.breaker = breaker;
    }

    /** Returns what is wrong with it, or empty. */
    String problem() {
      if (exporter == null) {
        return problem;
      }
      PluginCall<Boolean> last = collection;
      return last != null && last.isAbandoned() && last.isRunning()
          ? "a collection does not stop when interrupted; scrapes fail until it does"
          : breaker.problem();
    }
  }

  private final ConcurrentMap<String, Slot> slots = new ConcurrentHashMap<>();
  private final HostEnvironment environment;
  private final Object changes = new Object(); // held while a slot is being replaced
  private volatile Mapping settings; // written under changes
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
        close(provider, open(provider, exporters, folder));
      }
    });
  }

  /** Takes new settings; exporters whose settings have changed are opened anew. */
  public void settings(Mapping exporters, Path folder) {
    List<@Nullable Slot> formers = new ArrayList<>();
    synchronized (changes) {
      take(exporters, folder, formers);
    }
    formers.forEach(this::drainAndClose);
  }

  private void take(Mapping exporters, Path folder, List<@Nullable Slot> formers) {
    Mapping before = settings;
    boolean sameFolder = folder.equals(configDirectory);
    settings = exporters;
    configDirectory = folder;
    slots.forEach((type, slot) -> {
      if (slot.provider != null
          && !(sameFolder && Objects.equals(plain(before, type), plain(exporters, type)))) {
        formers.add(replace(type, slot.provider));
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
      Provider provider = slot.provider;
      if (exporter == null || provider == null) {
        throw new IOException("exporter `" + type + "` " + slot.problem);
      }
      collect(slot, provider, exporter, sink, parameters);
    } finally {
      slot.turn.unlock();
    }
  }

  /**
   * Collects on a thread of its own. A collection that does not end in time is left behind; until
   * it ends there is no other, so at most one hangs.
   */
  private void collect(
      Slot slot,
      Provider provider,
      Exporter exporter,
      MetricSink sink,
      Map<String, List<String>> parameters)
      throws IOException, InterruptedException {
    PluginGuard guard = environment.guard();
    String name = "exporter `" + provider.type() + "` ";
    PluginCall<Boolean> before = slot.collection;
    String refusal =
        before != null && before.isRunning()
            ? "is still busy with a collection that does not stop when interrupted"
            : slot.breaker.refusal();
    if (refusal != null) {
      guard.stats(provider, Operation.COLLECT).rejected.increment();
      throw new IOException(name + refusal);
    }
    DetachableSink detachable = new DetachableSink(sink);
    PluginCall<Boolean> call =
        guard.start(
            provider,
            Operation.COLLECT,
            "exporter " + provider.type(),
            () -> {
              exporter.collect(detachable, parameters);
              return true;
            });
    slot.collection = call;
    try {
      call.await(guard.limits().deadline(Operation.COLLECT));
      if (!detachable.fault().isEmpty()) { // it has caught what the sink threw
        guard.stats(provider, Operation.COLLECT).exceptions.increment();
        throw new IllegalArgumentException(detachable.fault());
      }
      slot.breaker.succeeded();
    } catch (InterruptedException e) {
      if (call.isAbandoned()) {
        slot.breaker.failed("no end within the time of the scrape");
        throw e;
      }
      slot.breaker.undecided(); // the exporter was told to stop, and the caller was not
      throw new IOException(name + "was stopped in the middle of a collection", e);
    } catch (PluginCalls.PluginTimeoutException e) {
      slot.breaker.failed(String.valueOf(e.getMessage()));
      throw new IOException(name + "is too slow: " + e.getMessage(), e);
    } catch (Exception | Error e) {
      String fault = detachable.fault();
      slot.breaker.failed(fault.isEmpty() ? e.toString() : fault);
      throw new IOException(name + "failed: " + (fault.isEmpty() ? e : fault), e);
    } finally {
      detachable.detach();
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
      long left = deadline - System.nanoTime();
      if (left <= 0) {
        throw new IOException("exporter `" + type + "` has been busy for " + WAIT_SECONDS + " s");
      }
      // who waits for a version that is replaced meanwhile goes to the next one at once
      if (slot.turn.tryLock(Math.min(left, RECHECK_NANOS), TimeUnit.NANOSECONDS)) {
        if (slots.get(type) == slot) {
          return slot;
        }
        slot.turn.unlock();
      }
    }
  }

  @Override
  public void probe(Provider candidate) {
    if (candidate.kind() != Kind.EXPORTER) {
      return;
    }
    Exporter opened = open(candidate, settings, configDirectory);
    try {
      Slot present = slots.get(candidate.type()); // what does not work now need not work then
      if (present != null && present.exporter != null && present.problem().isEmpty()) {
        DetachableSink nowhere = new DetachableSink(new Nowhere());
        try {
          environment
              .guard()
              .probe(
                  candidate,
                  "exporter " + candidate.type(),
                  () -> {
                    opened.probe(nowhere);
                    if (!nowhere.fault().isEmpty()) {
                      throw new IllegalArgumentException(nowhere.fault());
                    }
                    return true;
                  });
        } finally {
          nowhere.detach();
        }
      }
    } finally {
      close(candidate, opened);
    }
  }

  /** Throws away what a self-test collects. */
  private static final class Nowhere implements MetricSink {
    @Override
    public void family(MetricMetadata metadata) {}

    @Override
    public void sample(String name, Labels labels, double value) {}

    @Override
    public void sample(
        String name, Labels labels, double value, long timestampMs, @Nullable Exemplar exemplar) {}

    @Override
    public void histogram(String name, Labels labels, NativeHistogram histogram) {}
  }

  private void close(Provider provider, Exporter exporter) {
    environment.guard().close(provider, "exporter " + provider.type(), exporter);
  }

  private Exporter open(Provider provider, Mapping exporters, Path folder) {
    ConfigNode named = exporters.get(provider.type());
    ConfigNode block = named == null ? ConfigNode.emptyMapping(exporters.place().file()) : named;
    HostContext context = environment.context(provider, "exporter " + provider.type(), folder);
    return environment
        .guard()
        .open(
            provider,
            "exporter " + provider.type(),
            () -> openTyped((ExporterProvider<?>) provider.service(), block, context));
  }

  private static <C extends Record> Exporter openTyped(
      ExporterProvider<C> service, ConfigNode block, HostContext context) {
    C config = ConfigBinder.bind(block, service.configType());
    HttpClientChecks.checkAll(config, block);
    try {
      return service.open(config, context);
    } catch (ConfigException e) {
      throw new ConfigException(block.place() + ": " + e.getMessage(), e);
    }
  }

  @Override
  public void changed(Kind kind, String type, @Nullable Provider now) {
    if (kind != Kind.EXPORTER) {
      return;
    }
    Slot former;
    synchronized (changes) {
      former = replace(type, now);
    }
    drainAndClose(former);
  }

  /** Opens what takes the place of a slot; returns the former, which is to be closed. */
  private @Nullable Slot replace(String type, @Nullable Provider now) {
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
    Slot slot = new Slot(now, next, problem, environment.guard().breaker());
    Slot former = slots.put(type, slot);
    if (now != null && next != null) {
      environment.guard().metrics().show(now.pluginId(), path(type), slot.breaker);
    }
    return former;
  }

  private void drainAndClose(@Nullable Slot former) {
    if (former != null && former.exporter != null && former.provider != null) {
      environment
          .guard()
          .metrics()
          .hide(former.provider.pluginId(), path(former.provider.type()), former.breaker);
      drainAndClose(former.provider, former, former.exporter);
    }
  }

  private static String path(String type) {
    return "/exporters/" + type + "/metrics";
  }

  private void drainAndClose(Provider provider, Slot slot, Exporter exporter) {
    boolean quiet = false;
    try {
      quiet = slot.turn.tryLock(WAIT_SECONDS, TimeUnit.SECONDS);
      PluginCall<Boolean> call = slot.collection;
      if (call != null && call.isRunning()) {
        call.interrupt();
        if (!call.join(STOP_DEADLINE)) {
          LOG.warn(
              "exporter `{}` does not stop when interrupted; its class loader stays alive",
              provider.type());
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      if (quiet) {
        slot.turn.unlock();
      }
    }
    close(provider, exporter);
  }

  /** Returns the exporter of a type with its problem, or empty. */
  public Map<String, String> instances(String type) {
    Slot slot = slots.get(type);
    return slot == null || slot.provider == null ? Map.of() : Map.of(path(type), slot.problem());
  }

  /** Closes all exporters. */
  public void close() {
    for (String type : List.copyOf(slots.keySet())) {
      changed(Kind.EXPORTER, type, null);
    }
  }
}
