package io.narthex.core.host;

import io.narthex.config.alertmanager.OriginalReceivers;
import io.narthex.config.yaml.ConfigBinder;
import io.narthex.config.yaml.ConfigNodes;
import io.narthex.core.config.HttpClientChecks;
import io.narthex.core.config.ShownConfig;
import io.narthex.core.host.PluginCalls.PluginTimeoutException;
import io.narthex.core.host.ProviderRegistry.Kind;
import io.narthex.core.host.ProviderRegistry.Provider;
import io.narthex.service.config.AlertmanagerConfig;
import io.narthex.service.config.AlertmanagerConfig.Block;
import io.narthex.service.config.AlertmanagerConfig.Receiver;
import io.narthex.service.notify.NotifierService;
import io.narthex.service.plugins.PluginProblem;
import io.narthex.spi.config.ConfigException;
import io.narthex.spi.config.ConfigNode;
import io.narthex.spi.config.ConfigNode.Entry;
import io.narthex.spi.config.ConfigNode.Mapping;
import io.narthex.spi.notifier.Notification;
import io.narthex.spi.notifier.Notifier;
import io.narthex.spi.notifier.NotifierProvider;
import io.narthex.spi.notifier.SendResult;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs the notifiers of all receivers. A block whose plugin is absent answers "retry later", so
 * that the queue of the alerting bundle keeps the notification; a replaced notifier finishes its
 * running sends.
 */
public final class NotifierHost implements NotifierService, PluginHost {
  private static final Logger LOG = LoggerFactory.getLogger(NotifierHost.class);
  private static final long DRAIN_NANOS = TimeUnit.SECONDS.toNanos(30);

  /** Time for the self-tests of all blocks together; those left then are skipped. */
  private static final long PROBES_NANOS = TimeUnit.SECONDS.toNanos(30);

  private static final long STOP_NANOS = TimeUnit.SECONDS.toNanos(5);

  /** Maximum concurrent sends of one notifier; further ones are retried later. */
  private static final int MAX_IN_FLIGHT = 256;

  /** The number of hanging sends at which a notifier gets no more. */
  private static final int MAX_HANGING = 8;

  /** An opened notifier and its running sends. */
  private static final class Handle {
    final Provider provider;
    final String name;
    final Notifier notifier;
    final boolean resolvedByDefault;
    final String templates;
    final PluginGuard guard;
    final CircuitBreaker breaker;
    final AtomicInteger inFlight = new AtomicInteger();
    final Set<PluginCall<SendResult>> sends = ConcurrentHashMap.newKeySet(); // abandoned ones too
    private final Object starting = new Object(); // held from counting the sends to adding one

    Handle(
        Provider provider,
        String name,
        Notifier notifier,
        boolean resolvedByDefault,
        String templates,
        PluginGuard guard) {
      this.provider = provider;
      this.name = name;
      this.notifier = notifier;
      this.resolvedByDefault = resolvedByDefault;
      this.templates = templates;
      this.guard = guard;
      this.breaker = guard.breaker();
    }

    /** Shows its circuit breaker in the metrics, as it is in use. */
    Handle shown() {
      guard.metrics().show(provider.pluginId(), name, breaker);
      return this;
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
      sends.forEach(PluginCall::interrupt);
      guard.metrics().hide(provider.pluginId(), name, breaker);
      close();
    }

    void close() {
      guard.close(provider, "notifier " + name, notifier);
    }

    /** Sends on a thread of its own; failures are retried later. */
    SendResult send(Notification notification) throws InterruptedException {
      PluginCall<SendResult> call;
      synchronized (starting) {
        sends.removeIf(c -> !c.isRunning());
        String refusal = refusal();
        if (refusal != null) {
          guard.stats(provider, Operation.SEND).rejected.increment();
          return new SendResult.RetryLater(
              refusal, breaker.isOpen() ? breaker.untilNextTry() : null);
        }
        call =
            guard.start(
                provider,
                Operation.SEND,
                "notifier " + name,
                () -> notifier.send(withTemplates(notification)));
        sends.add(call);
      }
      try {
        SendResult result = call.await(guard.limits().deadline(Operation.SEND));
        if (result == null) {
          breaker.failed("no result");
          return SendResult.retryLater("notifier `" + provider.type() + "` gave no result");
        }
        breaker.succeeded();
        return result;
      } catch (InterruptedException e) {
        breaker.undecided();
        if (call.isAbandoned()) {
          throw e;
        }
        return SendResult.retryLater(
            "notifier `" + provider.type() + "` was stopped while it sent");
      } catch (PluginTimeoutException e) {
        breaker.failed(String.valueOf(e.getMessage()));
        LOG.warn("{}", e.getMessage());
        return SendResult.retryLater(String.valueOf(e.getMessage()));
      } catch (Exception | Error e) {
        breaker.failed(e.toString());
        LOG.warn("notifier {} threw {}", provider.type(), e.toString(), e);
        return SendResult.retryLater("notifier `" + provider.type() + "` failed: " + e);
      }
    }

    /** Adds the templates that the provider declares. */
    private Notification withTemplates(Notification n) {
      return templates.isEmpty() ? n : n.withTemplates(n.templates().withDefinitions(templates));
    }

    /** Returns its problem. */
    InstanceProblem problem() {
      long hanging = hanging();
      if (hanging > 0) {
        return new InstanceProblem(
            PluginProblem.CRASHED, hanging + " sends do not stop when interrupted");
      }
      String open = breaker.problem();
      return open.isEmpty()
          ? InstanceProblem.reported(slow())
          : new InstanceProblem(PluginProblem.CRASHED, open);
    }

    /** Reports a send that takes long, before its deadline. */
    private String slow() {
      Duration time = guard.limits().deadline(Operation.SEND);
      Duration longest =
          sends.stream()
              .filter(PluginCall::isRunning)
              .map(PluginCall::age)
              .max(Comparator.naturalOrder())
              .orElse(Duration.ZERO);
      return longest.compareTo(time.dividedBy(6)) < 0
          ? ""
          : "a notification has been on its way for "
              + longest.toSeconds()
              + " s; it is interrupted after "
              + time.toMillis() / 1000.0
              + " s";
    }

    private long hanging() {
      return sends.stream().filter(c -> c.isAbandoned() && c.isRunning()).count();
    }

    private @Nullable String refusal() {
      if (sends.size() >= MAX_IN_FLIGHT) {
        return "notifier `"
            + provider.type()
            + "` has "
            + MAX_IN_FLIGHT
            + " notifications in flight already";
      }
      long hanging = hanging();
      if (hanging >= MAX_HANGING) {
        return "notifier `"
            + provider.type()
            + "` hangs in "
            + hanging
            + " sends that do not stop when interrupted";
      }
      String open = breaker.refusal();
      return open == null ? null : "notifier `" + provider.type() + "` " + open;
    }
  }

  /** One block of a receiver. */
  private static final class Slot {
    final Block block;
    final Object plainNode;
    volatile @Nullable Handle handle;
    volatile InstanceProblem problem;

    Slot(Block block) {
      this.block = block;
      this.plainNode = Objects.requireNonNullElse(block.node().toPlain(), Map.of());
      problem = waiting(block);
    }
  }

  private static InstanceProblem waiting(Block block) {
    return InstanceProblem.reported("waiting for plugin `" + block.type() + "`");
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
   * Checks the blocks of a configuration whose plugins are installed.
   *
   * @throws ConfigException for a block its plugin refuses
   */
  public void check(AlertmanagerConfig config, Path folder) {
    for (Receiver receiver : config.receivers()) {
      for (Block block : receiver.blocks()) {
        Provider provider = registry.find(Kind.NOTIFIER, block.type());
        if (provider != null) {
          open(provider, receiver.name(), block, config.globals(), folder).close();
        }
      }
    }
  }

  /** Applies a configuration; unchanged blocks keep their notifiers. */
  public void configure(AlertmanagerConfig config, Path folder) {
    List<Handle> gone = replace(config, folder);
    long deadline = System.nanoTime() + DRAIN_NANOS;
    for (Handle handle : gone) {
      Thread.ofVirtual().name("notifier-drain").start(() -> handle.drainAndClose(deadline));
    }
  }

  /** Switches to a configuration; returns the notifiers it no longer uses. */
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
          Slot slot = new Slot(block);
          Handle handle = kept == null ? null : kept.handle;
          if (handle != null && moved.add(handle)) {
            slot.handle =
                handle; // the previous slot keeps it too, for sends that still use that slot
            slot.problem = InstanceProblem.NONE;
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
            slot.problem = InstanceProblem.reported("the configuration has changed");
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
      slot.problem = waiting(slot.block);
      slot.handle = null;
      return;
    }
    try {
      slot.handle = open(provider, receiver, slot.block, globals, configDirectory).shown();
      slot.problem = InstanceProblem.NONE;
    } catch (RuntimeException | LinkageError e) {
      slot.problem = new InstanceProblem(InstanceProblem.kindOf(e), String.valueOf(e.getMessage()));
      slot.handle = null;
      LOG.error(
          "receiver \"{}\" {}[{}]: {}",
          receiver,
          slot.block.type(),
          slot.block.index(),
          slot.problem.text());
    }
  }

  private Handle open(
      Provider provider, String receiver, Block block, ConfigNode globalNode, Path folder) {
    String name = "receiver " + receiver + " " + block.type() + "[" + block.index() + "]";
    HostContext context = environment.context(provider, name, folder);
    PluginGuard guard = environment.guard();
    AtomicBoolean resolved = new AtomicBoolean();
    AtomicReference<String> templates = new AtomicReference<>("");
    Notifier notifier =
        guard.open(
            provider,
            "notifier " + name,
            () -> {
              NotifierProvider<?, ?> service = (NotifierProvider<?, ?>) provider.service();
              resolved.set(service.sendResolvedByDefault());
              templates.set(Objects.requireNonNullElse(service.templates(), ""));
              return openTyped(service, block, globalNode, context);
            });
    return new Handle(
        provider, label(receiver, block), notifier, resolved.get(), templates.get(), guard);
  }

  private static String label(String receiver, Block block) {
    return receiver + "/" + block.type() + "[" + block.index() + "]";
  }

  private static <C extends Record, G extends Record> Notifier openTyped(
      NotifierProvider<C, G> service, Block block, ConfigNode globalNode, HostContext context) {
    if (ConfigNodes.isNull(block.node())
        && !service.mayBeEmpty()
        && !OriginalReceivers.mayBeEmpty(block.type())) {
      throw ConfigNodes.at(block.node(), "missing " + block.type() + " config");
    }
    C config = config(service, block.node());
    HttpClientChecks.checkAll(config, block.node());
    G global = globals(service, globalNode);
    try {
      return service.open(config, global, context);
    } catch (ConfigException e) {
      throw new ConfigException(block.node().place() + ": " + e.getMessage(), e);
    }
  }

  private static <C extends Record> C config(NotifierProvider<C, ?> service, ConfigNode block) {
    return ConfigBinder.bind(block, service.configType(), key -> key.equals("send_resolved"));
  }

  /** Binds the keys of {@code global:} that the plugin declares. */
  private static <G extends Record> G globals(NotifierProvider<?, G> service, ConfigNode node) {
    Set<String> own = ConfigBinder.keys(service.globalConfigType());
    List<Entry> entries =
        node instanceof Mapping m
            ? m.entries().stream().filter(e -> own.contains(e.key())).toList()
            : List.of();
    return ConfigBinder.bind(new Mapping(node.place(), entries), service.globalConfigType());
  }

  /**
   * Returns a block with the values it inherits from {@code global:}; null when no plugin serves
   * it.
   *
   * @throws ConfigException when the plugin cannot take the block
   */
  public ShownConfig.@Nullable Block effective(
      String type, ConfigNode block, ConfigNode globalNode) {
    Provider provider = registry.find(Kind.NOTIFIER, type);
    if (provider == null) {
      return null;
    }
    return environment
        .guard()
        .open(
            provider,
            "notifier " + type,
            () -> effectiveTyped((NotifierProvider<?, ?>) provider.service(), block, globalNode));
  }

  private static <C extends Record, G extends Record> ShownConfig.Block effectiveTyped(
      NotifierProvider<C, G> service, ConfigNode block, ConfigNode globalNode) {
    C config = service.effective(config(service, block), globals(service, globalNode));
    return new ShownConfig.Block(config, service.sendResolvedByDefault());
  }

  @Override
  public List<Integration> integrations(String receiver) {
    List<Integration> out = new ArrayList<>();
    for (Slot slot : receivers.getOrDefault(receiver, List.of())) {
      Handle handle = slot.handle;
      Boolean given = slot.block.sendResolved();
      boolean resolved = given != null ? given : handle == null || handle.resolvedByDefault;
      out.add(new Integration(receiver, slot.block.type(), slot.block.index(), resolved));
    }
    return out;
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

  @Override
  public String waiting(Integration integration) {
    for (Slot slot : receivers.getOrDefault(integration.receiver(), List.of())) {
      if (slot.block.type().equals(integration.type())
          && slot.block.index() == integration.index()) {
        String problem = slot.problem.text();
        return slot.handle == null ? problem : "";
      }
    }
    return "";
  }

  private static SendResult send(Slot slot, Notification notification) throws InterruptedException {
    Handle handle = slot.handle;
    while (handle != null) {
      handle.inFlight.incrementAndGet();
      if (handle == slot.handle) {
        break;
      }
      leave(handle); // replaced between the two reads: use the new one
      handle = slot.handle;
    }
    if (handle == null) {
      return SendResult.retryLater(slot.problem.text());
    }
    try {
      return handle.send(notification);
    } finally {
      leave(handle);
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
    long until = System.nanoTime() + PROBES_NANOS;
    receivers.forEach((name, slots) -> {
      for (Slot slot : slots) {
        if (slot.block.type().equals(candidate.type())) {
          Handle opened = open(candidate, name, slot.block, globals, configDirectory);
          try {
            Handle current = slot.handle; // what does not work now need not work after the update
            if (current != null && current.problem().isEmpty() && System.nanoTime() - until < 0) {
              environment
                  .guard()
                  .probe(
                      candidate,
                      "notifier " + opened.name,
                      () -> {
                        opened.notifier.probe();
                        return true;
                      });
            }
          } finally {
            opened.close();
          }
        }
      }
    });
  }

  @Override
  public void changed(Kind kind, String type, @Nullable Provider now) {
    if (kind != Kind.NOTIFIER) {
      return;
    }
    List<Handle> previous = new ArrayList<>();
    synchronized (changes) {
      receivers.forEach((name, slots) -> {
        for (Slot slot : slots) {
          if (slot.block.type().equals(type)) {
            Handle before = slot.handle;
            openInto(slot, name, now); // sends use the new one from here on
            if (before != null) {
              previous.add(before);
            }
          }
        }
      });
    }
    long deadline = System.nanoTime() + DRAIN_NANOS;
    previous.forEach(h -> h.drainAndClose(deadline));
  }

  @Override
  public Kind kind() {
    return Kind.NOTIFIER;
  }

  /** Returns receivers' blocks of a type, as {@code receiver/type[i]}, with their problem. */
  @Override
  public Map<String, InstanceProblem> instances(String type) {
    Map<String, InstanceProblem> out = new java.util.TreeMap<>();
    receivers.forEach((name, slots) -> {
      for (Slot slot : slots) {
        if (slot.block.type().equals(type)) {
          Handle handle = slot.handle;
          out.put(label(name, slot.block), handle == null ? slot.problem : handle.problem());
        }
      }
    });
    return out;
  }

  /** Closes all notifiers; running sends get a few seconds to finish. */
  public void close() {
    long deadline = System.nanoTime() + STOP_NANOS;
    replace(AlertmanagerConfig.none(), configDirectory).forEach(h -> h.drainAndClose(deadline));
  }
}
