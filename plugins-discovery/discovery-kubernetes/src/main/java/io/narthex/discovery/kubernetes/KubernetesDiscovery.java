package io.narthex.discovery.kubernetes;

import io.narthex.discovery.kubernetes.KubernetesConfig.Selector;
import io.narthex.model.TargetGroup;
import io.narthex.spi.discovery.Discovery;
import io.narthex.spi.discovery.TargetSink;
import io.narthex.spi.plugin.PluginContext;
import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * Follows the objects of a role and the objects they refer to.
 *
 * <p>Concurrency: each watch blocks on its own thread, lent by the host, and puts its events into a
 * bounded queue. All state is confined to the thread in {@link #run}, which alone uses the sink,
 * and which interrupts and joins the others before it returns.
 */
final class KubernetesDiscovery implements Discovery {
  private static final int QUEUE = 256;

  private final KubernetesConfig config;
  private final Connection connection;
  private final PluginContext context;
  private final Kind primary;

  KubernetesDiscovery(KubernetesConfig config, Connection connection, PluginContext context) {
    this.config = config;
    this.connection = connection;
    this.context = context;
    this.primary = Kind.valueOf(config.role().toUpperCase(Locale.ROOT));
  }

  @Override
  public void run(TargetSink sink) throws InterruptedException {
    BlockingQueue<Informer.Event> events = new LinkedBlockingQueue<>(QUEUE);
    List<Thread> threads = new ArrayList<>();
    try {
      List<Informer> informers = informers(sink, events);
      for (Informer i : informers) {
        Thread thread =
            context.start(() -> {
              try {
                i.run();
              } catch (InterruptedException _) {
                // stopped on purpose
              }
            });
        threads.add(thread);
      }
      follow(sink, events, new HashSet<>(informers));
    } finally {
      end(threads);
    }
  }

  private static void end(List<Thread> threads) {
    boolean interrupted = Thread.interrupted();
    threads.forEach(Thread::interrupt);
    for (Thread t : threads) {
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

  private Set<Kind> kinds() {
    Set<Kind> kinds = EnumSet.of(primary);
    boolean endpoints = primary == Kind.ENDPOINTS || primary == Kind.ENDPOINTSLICE;
    if (endpoints) {
      kinds.add(Kind.SERVICE);
      kinds.add(Kind.POD);
    }
    if (config.attachMetadata().node() && (endpoints || primary == Kind.POD)) {
      kinds.add(Kind.NODE);
    }
    if (config.attachMetadata().namespace() && primary != Kind.NODE) {
      kinds.add(Kind.NAMESPACE);
    }
    if (primary == Kind.POD && config.attachMetadata().deployment()) {
      kinds.add(Kind.REPLICASET);
    }
    if (primary == Kind.POD && config.attachMetadata().cronjob()) {
      kinds.add(Kind.JOB);
    }
    return kinds;
  }

  private List<Informer> informers(TargetSink sink, BlockingQueue<Informer.Event> events)
      throws InterruptedException {
    Set<String> names = new LinkedHashSet<>(config.namespaces().names());
    while (config.namespaces().ownNamespace()) {
      try {
        names.add(connection.ownNamespace());
        break;
      } catch (IOException e) {
        sink.refreshFailed("own namespace cannot be read: " + e.getMessage());
        Thread.sleep(5000);
      }
    }
    if (names.isEmpty()) {
      names.add("");
    }
    List<Informer> all = new ArrayList<>();
    for (Kind kind : kinds()) {
      String label = "";
      String field = "";
      for (Selector s : config.selectors()) {
        if (s.role().equalsIgnoreCase(kind.name())) {
          label = s.label();
          field = s.field();
        }
      }
      for (String namespace : kind.namespaced() ? names : Set.of("")) {
        all.add(new Informer(kind, namespace, label, field, connection, events));
      }
    }
    return all;
  }

  private void follow(TargetSink sink, BlockingQueue<Informer.Event> events, Set<Informer> unlisted)
      throws InterruptedException {
    Objects objects = new Objects();
    Groups groups = new Groups(config, objects);
    Map<String, TargetGroup> known = new HashMap<>();
    boolean published = false;
    Set<String> dirty = new LinkedHashSet<>();
    while (true) {
      List<Informer.Event> batch = new ArrayList<>();
      batch.add(events.take());
      events.drainTo(batch);
      for (Informer.Event n : batch) {
        switch (n) {
          case Informer.Failed f -> sink.refreshFailed(f.reason());
          case Informer.Listed l -> {
            dirty.addAll(objects.keys(primary));
            objects.replace(l.from().kind, l.from().namespace, l.objects());
            dirty.addAll(objects.keys(primary));
            unlisted.remove(l.from());
          }
          case Informer.Changed c -> {
            Kind kind = c.from().kind;
            String key = Objects.key(c.object());
            if (c.gone()) {
              objects.remove(kind, key);
            } else {
              objects.put(kind, key, c.object());
            }
            if (kind == primary) {
              dirty.add(key);
            } else {
              dirty.addAll(groups.affected(primary, kind, key));
            }
          }
        }
      }
      if (!unlisted.isEmpty()) {
        continue;
      }
      List<TargetGroup> changed = new ArrayList<>();
      for (String key : dirty) {
        TargetGroup now = groups.group(primary, key);
        TargetGroup before = now.targets().isEmpty() ? known.remove(key) : known.put(key, now);
        if (before == null ? !now.targets().isEmpty() : !before.equals(now)) {
          changed.add(now);
        }
      }
      dirty.clear();
      if (!published || !changed.isEmpty()) {
        sink.update(changed);
        published = true;
      }
    }
  }
}
