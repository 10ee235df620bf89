package io.narthex.core.host;

import io.narthex.core.config.HttpClientChecks;
import io.narthex.core.host.ProviderRegistry.Kind;
import io.narthex.core.host.ProviderRegistry.Provider;
import io.narthex.format.yaml.ConfigBinder;
import io.narthex.service.config.AlertmanagerConfig;
import io.narthex.service.config.AlertmanagerConfig.Block;
import io.narthex.service.config.AlertmanagerConfig.Receiver;
import io.narthex.service.notify.NotifierService;
import io.narthex.spi.config.ConfigException;
import io.narthex.spi.config.ConfigNode;
import io.narthex.spi.config.ConfigNode.Entry;
import io.narthex.spi.config.ConfigNode.Mapping;
import io.narthex.spi.notifier.Notification;
import io.narthex.spi.notifier.Notifier;
import io.narthex.spi.notifier.NotifierProvider;
import io.narthex.spi.notifier.SendResult;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs the notifiers of all receivers. A block whose plugin is absent answers "retry later", so
 * that the queue of the alerting bundle keeps the notification; a replaced notifier finishes the
 * sends it has.
 */
public final class NotifierHost implements NotifierService, ProviderRegistry.Listener {
  private static final Logger LOG = LoggerFactory.getLogger(NotifierHost.class);
  private static final long DRAIN_NANOS = TimeUnit.SECONDS.toNanos(30);
  private static final long STOP_NANOS = TimeUnit.SECONDS.toNanos(5);

  /** An opened notifier and the sends that are in it now. */
  private static final class Handle {
    final Notifier notifier;
    final AtomicInteger inFlight = new AtomicInteger();
    final Set<Thread> senders = ConcurrentHashMap.newKeySet();

    Handle(Notifier notifier) {
      this.notifier = notifier;
    }

    /** Waits for running sends until the deadline, interrupts those still running, and closes. */
    void drainAndClose(long deadline) {
      synchronized (this) {
        while (inFlight.get() > 0 && System.nanoTime() - deadline < 0) {
          try {
            wait(100);
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            break;
          }
        }
      }
      senders.forEach(Thread::interrupt);
      closeNow(notifier);
    }
  }

  private static void closeNow(Notifier notifier) {
    PluginCalls.close(notifier, "notifier " + notifier.getClass().getName(), notifier);
  }

  /** One block of a receiver. */
  private static final class Slot {
    final Block block;
    final Object plainNode;
    volatile @Nullable Handle handle;
    volatile String problem;

    Slot(Block block, String problem) {
      this.block = block;
      this.plainNode = Objects.requireNonNullElse(block.node().toPlain(), Map.of());
      this.problem = problem;
    }
  }

  private final HostEnvironment environment;
  private final ProviderRegistry registry;
  private final Object changes = new Object();
  private volatile Map<String, List<Slot>> receivers = Map.of();
  private volatile ConfigNode globals = ConfigNode.emptyMapping("alertmanager.yml");
  private volatile Path configDirectory = Path.of(".");

  /** Creates a host without receivers. */
  public NotifierHost(HostEnvironment environment, ProviderRegistry registry) {
    this.environment = environment;
    this.registry = registry;
  }

  /**
   * Checks the blocks of a configuration whose plugins are there.
   *
   * @throws ConfigException for a block its plugin refuses
   */
  public void check(AlertmanagerConfig config, Path folder) {
    for (Receiver receiver : config.receivers()) {
      for (Block block : receiver.blocks()) {
        Provider provider = registry.find(Kind.NOTIFIER, block.type());
        if (provider != null) {
          closeNow(open(provider, receiver.name(), block, config.globals(), folder));
        }
      }
    }
  }

  /** Takes a configuration; blocks that have not changed keep their notifiers. */
  public void configure(AlertmanagerConfig config, Path folder) {
    List<Handle> gone = replace(config, folder);
    long deadline = System.nanoTime() + DRAIN_NANOS;
    for (Handle handle : gone) {
      Thread.ofVirtual().name("notifier-drain").start(() -> handle.drainAndClose(deadline));
    }
  }

  /** Switches to a configuration; returns the notifiers it does not use any more. */
  private List<Handle> replace(AlertmanagerConfig config, Path folder) {
    List<Handle> gone = new ArrayList<>();
    synchronized (changes) {
      boolean sameGlobals =
          Objects.equals(globals.toPlain(), config.globals().toPlain())
              && folder.equals(configDirectory);
      globals = config.globals();
      configDirectory = folder;
      Set<Handle> moved = new HashSet<>();
      Map<String, List<Slot>> before = receivers;
      Map<String, List<Slot>> now = new java.util.LinkedHashMap<>();
      for (Receiver receiver : config.receivers()) {
        List<Slot> slots = new ArrayList<>();
        for (Block block : receiver.blocks()) {
          Slot kept =
              sameGlobals ? find(before.getOrDefault(receiver.name(), List.of()), block) : null;
          Slot slot = new Slot(block, "waiting for plugin `" + block.type() + "`");
          Handle handle = kept == null ? null : kept.handle;
          if (handle != null && moved.add(handle)) {
            slot.handle = handle; // the former slot keeps it too: a send may be on its way there
            slot.problem = "";
          } else {
            openInto(slot, receiver.name(), registry.find(Kind.NOTIFIER, block.type()));
          }
          slots.add(slot);
        }
        now.put(receiver.name(), List.copyOf(slots));
      }
      receivers = now;
      for (List<Slot> slots : before.values()) {
        for (Slot slot : slots) {
          Handle handle = slot.handle;
          if (handle != null && !moved.contains(handle)) {
            slot.problem = "the configuration has changed";
            slot.handle = null;
            gone.add(handle);
          }
        }
      }
    }
    return gone;
  }

  private static @Nullable Slot find(List<Slot> slots, Block block) {
    Object plain = Objects.requireNonNullElse(block.node().toPlain(), Map.of());
    for (Slot slot : slots) {
      if (slot.block.type().equals(block.type())
          && slot.block.index() == block.index()
          && slot.plainNode.equals(plain)) {
        return slot;
      }
    }
    return null;
  }

  private void openInto(Slot slot, String receiver, @Nullable Provider provider) {
    if (provider == null) {
      slot.problem = "waiting for plugin `" + slot.block.type() + "`";
      slot.handle = null;
      return;
    }
    try {
      slot.handle = new Handle(open(provider, receiver, slot.block, globals, configDirectory));
      slot.problem = "";
    } catch (RuntimeException e) {
      slot.problem = String.valueOf(e.getMessage());
      slot.handle = null;
      LOG.error(
          "receiver \"{}\" {}[{}]: {}",
          receiver,
          slot.block.type(),
          slot.block.index(),
          slot.problem);
    }
  }

  private Notifier open(
      Provider provider, String receiver, Block block, ConfigNode globalNode, Path folder) {
    return openTyped(
        (NotifierProvider<?, ?>) provider.service(), receiver, block, globalNode, folder);
  }

  private <C extends Record, G extends Record> Notifier openTyped(
      NotifierProvider<C, G> service,
      String receiver,
      Block block,
      ConfigNode globalNode,
      Path folder) {
    C config =
        ConfigBinder.bind(block.node(), service.configType(), key -> key.equals("send_resolved"));
    HttpClientChecks.checkAll(config, block.node());
    // the plugin sees its own keys of global: and none of the others
    Set<String> own = ConfigBinder.keys(service.globalConfigType());
    List<Entry> entries =
        globalNode instanceof Mapping m
            ? m.entries().stream().filter(e -> own.contains(e.key())).toList()
            : List.of();
    G global =
        ConfigBinder.bind(new Mapping(globalNode.place(), entries), service.globalConfigType());
    String name = "receiver " + receiver + " " + block.type() + "[" + block.index() + "]";
    try {
      return PluginCalls.open(
          service,
          "notifier " + name,
          () -> service.open(config, global, environment.context(block.type(), name, folder)));
    } catch (ConfigException e) {
      throw new ConfigException(block.node().place() + ": " + e.getMessage(), e);
    }
  }

  @Override
  public List<Integration> integrations(String receiver) {
    List<Integration> out = new ArrayList<>();
    for (Slot slot : receivers.getOrDefault(receiver, List.of())) {
      out.add(
          new Integration(
              receiver, slot.block.type(), slot.block.index(), sendResolved(slot.block)));
    }
    return out;
  }

  private boolean sendResolved(Block block) {
    Boolean given = block.sendResolved();
    if (given != null) {
      return given;
    }
    Provider provider = registry.find(Kind.NOTIFIER, block.type());
    return provider == null
        || ((NotifierProvider<?, ?>) provider.service()).sendResolvedByDefault();
  }

  @Override
  public SendResult send(Integration integration, Notification notification)
      throws InterruptedException {
    for (Slot slot : receivers.getOrDefault(integration.receiver(), List.of())) {
      if (slot.block.type().equals(integration.type())
          && slot.block.index() == integration.index()) {
        return send(slot, notification);
      }
    }
    return SendResult.rejected(
        "receiver \"" + integration.receiver() + "\" has no " + integration.label() + " any more");
  }

  private static SendResult send(Slot slot, Notification notification) throws InterruptedException {
    Handle handle = slot.handle;
    while (handle != null) {
      handle.inFlight.incrementAndGet();
      if (handle == slot.handle) {
        break;
      }
      leave(handle); // replaced between the two reads: take the new one
      handle = slot.handle;
    }
    if (handle == null) {
      return SendResult.retryLater(slot.problem);
    }
    Handle mine = handle;
    mine.senders.add(Thread.currentThread());
    try {
      @Nullable SendResult result =
          PluginCalls.call(mine.notifier, () -> mine.notifier.send(notification));
      return result != null
          ? result
          : SendResult.retryLater("notifier `" + slot.block.type() + "` gave no result");
    } catch (InterruptedException e) {
      throw e;
    } catch (Exception | Error e) {
      LOG.warn("notifier {} threw {}", slot.block.type(), e.toString(), e);
      return SendResult.retryLater("notifier `" + slot.block.type() + "` failed: " + e);
    } finally {
      mine.senders.remove(Thread.currentThread());
      leave(mine);
    }
  }

  private static void leave(Handle handle) {
    if (handle.inFlight.decrementAndGet() == 0) {
      synchronized (handle) {
        handle.notifyAll();
      }
    }
  }

  @Override
  public void probe(Provider candidate) {
    if (candidate.kind() != Kind.NOTIFIER) {
      return;
    }
    receivers.forEach((name, slots) -> {
      for (Slot slot : slots) {
        if (slot.block.type().equals(candidate.type())) {
          closeNow(open(candidate, name, slot.block, globals, configDirectory));
        }
      }
    });
  }

  @Override
  public void changed(Kind kind, String type, @Nullable Provider now) {
    if (kind != Kind.NOTIFIER) {
      return;
    }
    List<Handle> former = new ArrayList<>();
    synchronized (changes) {
      receivers.forEach((name, slots) -> {
        for (Slot slot : slots) {
          if (slot.block.type().equals(type)) {
            Handle before = slot.handle;
            openInto(slot, name, now); // sends go to the new one from here on
            if (before != null) {
              former.add(before);
            }
          }
        }
      });
    }
    long deadline = System.nanoTime() + DRAIN_NANOS;
    former.forEach(h -> h.drainAndClose(deadline));
  }

  /**
   * Returns receivers' blocks of a type, as {@code receiver/type[i]}, with the problem or empty.
   */
  public Map<String, String> instances(String type) {
    Map<String, String> out = new java.util.TreeMap<>();
    receivers.forEach((name, slots) -> {
      for (Slot slot : slots) {
        if (slot.block.type().equals(type)) {
          out.put(
              name + "/" + type + "[" + slot.block.index() + "]",
              slot.handle == null ? slot.problem : "");
        }
      }
    });
    return out;
  }

  /** Closes all notifiers; sends that run get some seconds to finish. */
  public void close() {
    long deadline = System.nanoTime() + STOP_NANOS;
    replace(AlertmanagerConfig.none(), configDirectory).forEach(h -> h.drainAndClose(deadline));
  }
}
