package io.narthex.discovery.consul;

import io.narthex.model.TargetGroup;
import io.narthex.spi.discovery.Discovery;
import io.narthex.spi.discovery.TargetSink;
import io.narthex.spi.plugin.HttpTransport.HttpSettings;
import io.narthex.spi.plugin.PluginContext;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.jspecify.annotations.Nullable;

/**
 * Follows the catalog and every wanted service by blocking queries.
 *
 * <p>Concurrency: each query blocks on its own thread, lent by the host, and puts its result into a
 * bounded queue. All state is confined to the thread in {@link #run}, which alone uses the sink,
 * and which interrupts and joins the others before it returns.
 */
final class ConsulDiscovery implements Discovery {
  private static final Duration RETRY = Duration.ofSeconds(15);
  private static final int QUEUE = 256;

  /** The result of a query. */
  private sealed interface Event {}

  private record Catalog(Map<String, List<?>> services) implements Event {}

  private record Service(String name, Thread watcher, List<?> entries) implements Event {}

  private record Failed(@Nullable String service, String reason) implements Event {}

  /** A query that runs until interrupted. */
  private interface Watch {
    void run() throws InterruptedException;
  }

  private final ConsulConfig config;
  private final ConsulApi api;
  private final PluginContext context;
  private final Duration retry;

  ConsulDiscovery(ConsulConfig config, HttpSettings http, String base, PluginContext context) {
    this(config, new ConsulApi(config, http, base, context), context, RETRY);
  }

  ConsulDiscovery(ConsulConfig config, ConsulApi api, PluginContext context, Duration retry) {
    this.config = config;
    this.api = api;
    this.context = context;
    this.retry = retry;
  }

  @Override
  public void run(TargetSink sink) throws InterruptedException {
    String datacenter = datacenter(sink);
    new Follower(sink, datacenter).run();
  }

  /** Queries the agent alone: reading all services would take as long as a run. */
  @Override
  public Optional<List<TargetGroup>> probe() throws IOException, InterruptedException {
    String _ = api.agentDatacenter();
    return Optional.empty();
  }

  private String datacenter(TargetSink sink) throws InterruptedException {
    if (!config.datacenter().isEmpty()) {
      return config.datacenter();
    }
    while (true) {
      try {
        return api.agentDatacenter();
      } catch (IOException e) {
        stopIfInterrupted();
        sink.refreshFailed(String.valueOf(e.getMessage()));
        Thread.sleep(retry);
      }
    }
  }

  private static void stopIfInterrupted() throws InterruptedException {
    if (Thread.interrupted()) {
      throw new InterruptedException();
    }
  }

  /** One run. */
  private final class Follower {
    private final TargetSink sink;
    private final String datacenter;
    private final BlockingQueue<Event> events = new LinkedBlockingQueue<>(QUEUE);
    private final List<Thread> started = new ArrayList<>();
    private final Map<String, Thread> watchers = new HashMap<>();
    // services whose first answer the first update waits for
    private final Set<String> awaited = new HashSet<>();
    private final Map<String, TargetGroup> changed = new LinkedHashMap<>();
    private boolean catalogKnown;
    private boolean published;

    Follower(TargetSink sink, String datacenter) {
      this.sink = sink;
      this.datacenter = datacenter;
    }

    void run() throws InterruptedException {
      try {
        if (config.services().isEmpty() || !config.tags().isEmpty() || !config.filter().isEmpty()) {
          start(this::watchCatalog);
        } else {
          catalogKnown = true;
          new HashSet<>(config.services()).forEach(this::watch);
        }
        while (true) {
          take(events.take());
          for (Event more = events.poll(); more != null; more = events.poll()) {
            take(more);
          }
          boolean complete = catalogKnown && awaited.isEmpty();
          if (published ? !changed.isEmpty() : complete) {
            sink.update(List.copyOf(changed.values()));
            changed.clear();
            published = true;
          }
        }
      } finally {
        end();
      }
    }

    private void end() {
      boolean interrupted = Thread.interrupted();
      started.forEach(Thread::interrupt);
      for (Thread t : started) {
        while (t.isAlive()) {
          try {
            t.join();
          } catch (InterruptedException _) {
            interrupted = true;
          }
        }
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }

    private Thread start(Watch watch) {
      Thread thread =
          context.start(() -> {
            try {
              watch.run();
            } catch (InterruptedException _) {
              // stopped on purpose
            }
          });
      started.removeIf(t -> !t.isAlive() && t.getState() == Thread.State.TERMINATED);
      started.add(thread);
      return thread;
    }

    private void watch(String service) {
      awaited.add(service);
      watchers.put(service, start(() -> watchService(service)));
    }

    private void take(Event n) {
      switch (n) {
        case Failed f -> sink.refreshFailed(f.reason());
        case Catalog c -> {
          catalogKnown = true;
          for (String gone : List.copyOf(watchers.keySet())) {
            if (!wanted(gone, c.services().get(gone))) {
              Thread watcher = watchers.remove(gone);
              if (watcher != null) {
                watcher.interrupt();
              }
              awaited.remove(gone);
              changed.put(gone, new TargetGroup(gone, Map.of(), List.of()));
            }
          }
          c.services()
              .forEach((name, tags) -> {
                if (wanted(name, tags) && !watchers.containsKey(name)) {
                  watch(name);
                }
              });
        }
        case Service s -> {
          if (s.watcher() == watchers.get(s.name())) { // not an interrupted one
            awaited.remove(s.name());
            changed.put(s.name(), ConsulTargets.group(config, s.name(), datacenter, s.entries()));
          }
        }
      }
    }

    private boolean wanted(String name, @Nullable List<?> tags) {
      return tags != null
          && (config.services().isEmpty() || config.services().contains(name))
          && tags.containsAll(config.tags());
    }

    private void watchCatalog() throws InterruptedException {
      Pace pace = new Pace(config.refreshInterval(), System::nanoTime);
      long index = 0;
      boolean first = true;
      while (true) {
        Thread.sleep(pace.next());
        try {
          ConsulApi.Answer answer = api.services(datacenter, index);
          if (first || answer.index() != index || index == 0) {
            Map<String, List<?>> services = new LinkedHashMap<>();
            if (answer.body() instanceof Map<?, ?> map) {
              map.forEach((k, v) ->
                  services.put(String.valueOf(k), v instanceof List<?> l ? l : List.of()));
            }
            events.put(new Catalog(services));
            first = false;
          }
          index = answer.index();
        } catch (IOException e) {
          stopIfInterrupted();
          events.put(new Failed(null, "services: " + e.getMessage()));
          index = 0;
          Thread.sleep(retry);
          pace.forget();
        }
      }
    }

    private void watchService(String service) throws InterruptedException {
      Pace pace = new Pace(config.refreshInterval(), System::nanoTime);
      long index = 0;
      while (true) {
        Thread.sleep(pace.next());
        try {
          ConsulApi.Answer answer = api.health(service, datacenter, index);
          if (answer.index() != index || index == 0) {
            List<?> entries = answer.body() instanceof List<?> l ? l : List.of();
            events.put(new Service(service, Thread.currentThread(), entries));
          }
          index = answer.index();
        } catch (IOException e) {
          stopIfInterrupted();
          events.put(new Failed(service, "service \"" + service + "\": " + e.getMessage()));
          index = 0;
          Thread.sleep(retry);
          pace.forget();
        }
      }
    }
  }
}
