package io.narthex.core.host;

import io.narthex.config.yaml.ConfigBinder;
import io.narthex.core.config.HttpClientChecks;
import io.narthex.core.host.ProviderRegistry.Kind;
import io.narthex.core.host.ProviderRegistry.Provider;
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
import io.narthex.spi.exporter.ParameterException;
import io.narthex.spi.exporter.PartialExporter;
import io.narthex.spi.exporter.TargetExporter;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs the exporters: one instance per type, opened when its plugin is installed, one collection at
 * a time. Of a {@link TargetExporter} it is one collection at a time for each target: they do not
 * wait for one another, and one that fails does not open the circuit of the others.
 *
 * <p><b>Swap.</b> A slot holds one opened exporter and never changes. A replacement is opened
 * first, then its slot replaces the previous one, which is closed after its running collection. A
 * collection waiting for its turn at the previous slot continues with the new one.
 */
public final class ExporterHost implements ExporterService, PluginHost {
  private static final Logger LOG = LoggerFactory.getLogger(ExporterHost.class);
  private static final long WAIT_SECONDS = 10;
  private static final int LONGEST_TARGET = 1_000;
  private static final long RECHECK_NANOS = TimeUnit.MILLISECONDS.toNanos(20);
  private static final Duration STOP_DEADLINE = Duration.ofSeconds(1);

  private final ConcurrentMap<String, ExporterSlot> slots = new ConcurrentHashMap<>();
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
   * Checks settings against the installed exporters.
   *
   * @throws ConfigException for a block its plugin refuses
   */
  public void check(Mapping exporters, Path folder) {
    slots.forEach((type, slot) -> {
      Provider provider = slot.provider;
      if (provider != null && !Objects.equals(plain(exporters, type), plain(settings, type))) {
        Opened opened = open(provider, exporters, folder);
        close(provider, opened);
        refuseFurther(opened, slot);
      }
    });
  }

  /** Refuses settings of which a part cannot be used that does not fail already. */
  private static void refuseFurther(Opened opened, ExporterSlot current) {
    opened.missing.forEach((part, problem) -> {
      if (!current.missing.containsKey(part)) {
        throw new ConfigException(opened.place + ": " + problem);
      }
    });
  }

  /**
   * Applies new settings; exporters whose settings have changed, or that lack something, are opened
   * again.
   */
  public void settings(Mapping exporters, Path folder) {
    List<@Nullable ExporterSlot> previous = new ArrayList<>();
    synchronized (changes) {
      take(exporters, folder, previous);
    }
    previous.forEach(this::drainAndClose);
  }

  private void take(Mapping exporters, Path folder, List<@Nullable ExporterSlot> previous) {
    Mapping before = settings;
    boolean sameFolder = folder.equals(configDirectory);
    settings = exporters;
    configDirectory = folder;
    slots.forEach((type, slot) -> {
      if (slot.provider != null
          && (slot.isIncomplete()
              || !sameFolder
              || !Objects.equals(plain(before, type), plain(exporters, type)))) {
        previous.add(replace(type, slot.provider));
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
    ExporterSlot slot = slots.get(type);
    return slot != null && slot.exporter != null;
  }

  @Override
  public void collect(String type, MetricSink sink, Map<String, List<String>> parameters)
      throws IOException, InterruptedException {
    Turn turn = enter(type, parameters);
    ExporterSlot slot = turn.slot();
    try {
      Exporter exporter = slot.exporter;
      Provider provider = slot.provider;
      if (exporter == null || provider == null) {
        throw new IOException("exporter `" + type + "` " + slot.problem.text());
      }
      collect(turn.lane(), provider, exporter, sink, parameters);
    } finally {
      turn.lane().turn.unlock();
    }
  }

  /** A lane whose lock is held, with its slot. */
  private record Turn(ExporterSlot slot, ExporterSlot.Lane lane) {}

  /**
   * Collects on a thread of its own. A collection that does not end in time is abandoned; until it
   * ends no other begins, so at most one hangs.
   */
  private void collect(
      ExporterSlot.Lane lane,
      Provider provider,
      Exporter exporter,
      MetricSink sink,
      Map<String, List<String>> parameters)
      throws IOException, InterruptedException {
    PluginGuard guard = environment.guard();
    String name = "exporter `" + provider.type() + "` ";
    PluginCall<Boolean> before = lane.collection;
    String refusal =
        before != null && before.isRunning()
            ? "is still busy with a collection that does not stop when interrupted"
            : lane.breaker.refusal();
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
    lane.collection = call;
    try {
      call.await(guard.limits().deadline(Operation.COLLECT));
      if (!detachable.fault().isEmpty()) { // it has caught the sink's exception
        guard.stats(provider, Operation.COLLECT).exceptions.increment();
        throw new IllegalArgumentException(detachable.fault());
      }
      lane.breaker.succeeded();
    } catch (InterruptedException e) {
      if (call.isAbandoned()) {
        lane.breaker.failed("no end within the time of the scrape");
        throw e;
      }
      lane.breaker.undecided(); // the exporter was interrupted, the caller was not
      throw new IOException(name + "was stopped in the middle of a collection", e);
    } catch (PluginCalls.PluginTimeoutException e) {
      lane.breaker.failed(String.valueOf(e.getMessage()));
      throw new IOException(name + "is too slow: " + e.getMessage(), e);
    } catch (ParameterException e) {
      lane.breaker.undecided(); // who scrapes has made the mistake
      throw new ParameterException(String.valueOf(e.getMessage()));
    } catch (Exception | Error e) {
      String fault = detachable.fault();
      lane.breaker.failed(fault.isEmpty() ? e.toString() : fault);
      throw new IOException(name + "failed: " + (fault.isEmpty() ? e : fault), e);
    } finally {
      detachable.detach();
    }
  }

  /** Waits for a turn at the current slot of a type; the lane's lock is held on return. */
  private Turn enter(String type, Map<String, List<String>> parameters)
      throws IOException, InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(WAIT_SECONDS);
    while (true) {
      ExporterSlot slot = slots.get(type);
      if (slot == null) {
        throw new IOException(
            "exporter `" + type + "` is not available; waiting for plugin `" + type + "`");
      }
      ExporterSlot.Lane lane = slot.lane(target(type, slot, parameters), environment.guard());
      long left = deadline - System.nanoTime();
      if (left <= 0) {
        throw new IOException("exporter `" + type + "` has been busy for " + WAIT_SECONDS + " s");
      }
      // a caller waiting for a version that is being replaced moves to the next one at once
      if (lane.turn.tryLock(Math.min(left, RECHECK_NANOS), TimeUnit.NANOSECONDS)) {
        if (slots.get(type) == slot && !lane.retired) {
          return new Turn(slot, lane);
        }
        lane.turn.unlock();
      }
    }
  }

  /** Returns the name of the target that parameters mean; empty for exporters without targets. */
  private static String target(String type, ExporterSlot slot, Map<String, List<String>> parameters)
      throws IOException {
    if (!(slot.exporter instanceof TargetExporter exporter)) {
      return "";
    }
    String target;
    try {
      target = exporter.target(parameters);
    } catch (IllegalArgumentException e) {
      throw new IOException("exporter `" + type + "`: " + e.getMessage(), e);
    } catch (RuntimeException | LinkageError e) {
      throw new IOException("exporter `" + type + "` failed to name its target: " + e, e);
    }
    if (target.length() > LONGEST_TARGET) {
      throw new IOException(
          "exporter `"
              + type
              + "`: the name of a target has at most "
              + LONGEST_TARGET
              + " characters, got "
              + target.length());
    }
    return target;
  }

  @Override
  public void probe(Provider candidate) {
    if (candidate.kind() != Kind.EXPORTER) {
      return;
    }
    Opened opened = open(candidate, settings, configDirectory);
    try {
      ExporterSlot current =
          slots.get(candidate.type()); // what does not work now need not work after the update
      if (current != null && current.exporter != null) {
        refuseFurther(opened, current);
      }
      if (current != null && current.exporter != null && current.problem().isEmpty()) {
        DetachableSink nowhere = new DetachableSink(new Nowhere());
        try {
          environment
              .guard()
              .probe(
                  candidate,
                  "exporter " + candidate.type(),
                  () -> {
                    opened.exporter.probe(nowhere);
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

  /** Discards the samples of a self-test. */
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

  private void close(Provider provider, AutoCloseable exporter) {
    environment.guard().close(provider, "exporter " + provider.type(), exporter);
  }

  /**
   * An exporter that has just been opened.
   *
   * @param place of its settings
   * @param missing parts of them that could not be used, by name
   */
  private record Opened(Exporter exporter, String place, Map<String, String> missing)
      implements AutoCloseable {
    @Override
    public void close() {
      exporter.close();
    }
  }

  private Opened open(Provider provider, Mapping exporters, Path folder) {
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

  private static <C extends Record> Opened openTyped(
      ExporterProvider<C> service, ConfigNode block, HostContext context) {
    C config = ConfigBinder.bind(block, service.configType());
    HttpClientChecks.checkAll(config, block);
    try {
      Exporter exporter = service.open(config, context);
      Map<String, String> missing =
          exporter instanceof PartialExporter partial ? partial.problems() : Map.of();
      return new Opened(exporter, block.place().toString(), new TreeMap<>(missing));
    } catch (ConfigException e) {
      throw new ConfigException(block.place() + ": " + e.getMessage(), e);
    }
  }

  @Override
  public void changed(Kind kind, String type, @Nullable Provider now) {
    if (kind != Kind.EXPORTER) {
      return;
    }
    ExporterSlot previous;
    synchronized (changes) {
      previous = replace(type, now);
    }
    drainAndClose(previous);
  }

  /** Opens the replacement of a slot; returns the previous slot, which is to be closed. */
  private @Nullable ExporterSlot replace(String type, @Nullable Provider now) {
    Opened next = null;
    InstanceProblem problem =
        InstanceProblem.reported("is not available; waiting for plugin `" + type + "`");
    if (now != null) {
      try {
        next = open(now, settings, configDirectory);
      } catch (RuntimeException | LinkageError e) {
        problem =
            new InstanceProblem(InstanceProblem.kindOf(e), "cannot be opened: " + e.getMessage());
        LOG.error("exporter `{}` {}", type, problem.text());
      }
    }
    Map<String, String> missing = next == null ? Map.of() : next.missing;
    missing.values().forEach(text -> LOG.warn("exporter `{}` lacks a part: {}", type, text));
    ExporterSlot slot =
        new ExporterSlot(
            now,
            next == null ? null : next.exporter,
            problem,
            missing,
            environment.guard().breaker());
    ExporterSlot previous = slots.put(type, slot);
    if (now != null && next != null) {
      environment.guard().metrics().show(now.pluginId(), path(type), slot.lane.breaker);
    }
    return previous;
  }

  private void drainAndClose(@Nullable ExporterSlot previous) {
    if (previous != null && previous.exporter != null && previous.provider != null) {
      environment
          .guard()
          .metrics()
          .hide(
              previous.provider.pluginId(), path(previous.provider.type()), previous.lane.breaker);
      drainAndClose(previous.provider, previous, previous.exporter);
    }
  }

  private static String path(String type) {
    return "/exporters/" + type + "/metrics";
  }

  private void drainAndClose(Provider provider, ExporterSlot slot, Exporter exporter) {
    List<ExporterSlot.Lane> lanes = slot.allLanes();
    List<ExporterSlot.Lane> quiet = new ArrayList<>();
    try {
      long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(WAIT_SECONDS);
      for (ExporterSlot.Lane lane : lanes) {
        if (lane.turn.tryLock(Math.max(0, deadline - System.nanoTime()), TimeUnit.NANOSECONDS)) {
          quiet.add(lane);
        }
      }
      List<PluginCall<Boolean>> running = new ArrayList<>();
      for (ExporterSlot.Lane lane : lanes) {
        PluginCall<Boolean> call = lane.collection;
        if (call != null && call.isRunning()) {
          call.interrupt();
          running.add(call);
        }
      }
      long stop = System.nanoTime() + STOP_DEADLINE.toNanos();
      for (PluginCall<Boolean> call : running) {
        if (!call.join(Duration.ofNanos(Math.max(1, stop - System.nanoTime())))) {
          LOG.warn(
              "exporter `{}` does not stop when interrupted; its class loader stays alive",
              provider.type());
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      quiet.forEach(lane -> lane.turn.unlock());
    }
    close(provider, exporter);
  }

  @Override
  public Kind kind() {
    return Kind.EXPORTER;
  }

  /** Returns the exporter of a type with its problem. */
  @Override
  public Map<String, InstanceProblem> instances(String type) {
    ExporterSlot slot = slots.get(type);
    return slot == null || slot.provider == null ? Map.of() : Map.of(path(type), slot.problem());
  }

  /** Closes all exporters. */
  public void close() {
    for (String type : List.copyOf(slots.keySet())) {
      changed(Kind.EXPORTER, type, null);
    }
  }
}
