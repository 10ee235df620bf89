package io.narthex.core.host;

import io.narthex.config.yaml.ConfigBinder;
import io.narthex.core.config.HttpClientChecks;
import io.narthex.core.config.SameContent;
import io.narthex.core.host.ProviderRegistry.Kind;
import io.narthex.core.host.ProviderRegistry.Provider;
import io.narthex.model.TargetGroup;
import io.narthex.service.config.DiscoveryBlock;
import io.narthex.service.discovery.TargetGroupListener;
import io.narthex.service.metrics.Metrics;
import io.narthex.service.plugins.PluginProblem;
import io.narthex.spi.config.ConfigException;
import io.narthex.spi.discovery.Discovery;
import io.narthex.spi.discovery.DiscoveryProvider;
import io.narthex.spi.discovery.TargetSink;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs the discoveries of all sets and keeps the target groups they found.
 *
 * <p><b>Swap.</b> The groups a block has found belong to the host. When its plugin is replaced, the
 * new version's first full list replaces them; when the plugin is removed, they are removed with
 * it.
 *
 * <p><b>Concurrency.</b> Every run has a thread of its own. {@code lock} guards sets and groups;
 * discoveries are opened without it, so that a slow one delays neither others nor readers.
 * Listeners are called from one thread, at most once per {@link #SETTLE} and set.
 */
public final class DiscoveryHost implements PluginHost {
  private static final Logger LOG = LoggerFactory.getLogger(DiscoveryHost.class);
  private static final Duration SETTLE = Duration.ofMillis(100);

  /** Time for the self-tests of all blocks together; those left then are skipped. */
  private static final Duration PROBES = Duration.ofSeconds(30);

  private static final Duration STOP_DEADLINE = Duration.ofSeconds(5);

  private final Object changes = new Object(); // held while runs are replaced; acquired before lock
  private final Object lock = new Object(); // never held while plugin code runs
  private final Map<String, TargetSet> sets = new LinkedHashMap<>(); // guarded by lock
  private final CopyOnWriteArrayList<TargetGroupListener> listeners = new CopyOnWriteArrayList<>();
  private final Duration stopDeadline;
  private final HostEnvironment environment;
  private final ProviderRegistry registry;
  private final ScheduledExecutorService notifier =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("discovery-updates").factory());
  private final Metrics.Gauge discovered;
  private final Metrics.Counter failures;
  private final Metrics.Counter kubernetesFailures;
  private Path configDirectory = Path.of("."); // guarded by lock

  /** Creates a host without sets. */
  public DiscoveryHost(HostEnvironment environment, ProviderRegistry registry) {
    this(environment, registry, STOP_DEADLINE);
  }

  /**
   * Creates a host without sets.
   *
   * @param stopDeadline how long to wait for an interrupted run
   */
  DiscoveryHost(HostEnvironment environment, ProviderRegistry registry, Duration stopDeadline) {
    this.stopDeadline = stopDeadline;
    this.environment = environment;
    this.registry = registry;
    discovered =
        environment
            .metrics()
            .gauge(
                "prometheus_sd_discovered_targets",
                "Current number of discovered targets.",
                "name",
                "config");
    failures =
        environment
            .metrics()
            .counter(
                "prometheus_sd_refresh_failures_total",
                "Number of refresh failures for the given SD mechanism.",
                "mechanism");
    kubernetesFailures =
        environment
            .metrics()
            .counter(
                "prometheus_sd_kubernetes_failures_total",
                "The number of failed WATCH/LIST requests.");
    kubernetesFailures.add(0);
  }

  private void countFailure(String type) {
    failures.with(type).inc();
    if (type.equals("kubernetes")) {
      kubernetesFailures.inc();
    }
  }

  /** All discoveries of one job. */
  private final class TargetSet {
    final String name;
    final List<Runner> runners = new ArrayList<>();
    @Nullable ScheduledFuture<?> pending; // guarded by lock
    boolean notified; // guarded by lock
    boolean configured; // a configuration has been applied; guarded by lock

    TargetSet(String name) {
      this.name = name;
    }

    /** Returns whether a provider runs a block that is written like this. Called under lock. */
    boolean runs(DiscoveryBlock block, Provider provider) {
      for (Runner runner : runners) {
        if (runner.accepted == provider && runner.isWritten(block)) {
          return true;
        }
      }
      return false;
    }

    /** Returns whether just these blocks run, and takes their places. Called under lock. */
    boolean runs(List<DiscoveryBlock> blocks) {
      if (!configured || runners.size() != blocks.size()) {
        return false;
      }
      for (int i = 0; i < blocks.size(); i++) {
        Runner runner = runners.get(i);
        if (runner.block.index() != blocks.get(i).index() || !runner.isWritten(blocks.get(i))) {
          return false;
        }
      }
      for (int i = 0; i < blocks.size(); i++) {
        runners.get(i).block = blocks.get(i);
      }
      return true;
    }

    /** Schedules a notification of the listeners. Called under lock. */
    void touch() {
      if (pending == null && !notifier.isShutdown()) {
        pending =
            notifier.schedule(
                () -> notifyListeners(this), SETTLE.toMillis(), TimeUnit.MILLISECONDS);
      }
    }
  }

  /** One block: its groups, and the run that keeps them current. */
  private final class Runner {
    final TargetSet set;
    volatile DiscoveryBlock block; // its index follows the configuration
    final Path folder;
    final Map<String, TargetGroup> groups = new TreeMap<>(); // guarded by lock
    int targets; // of groups; guarded by lock
    long bytes; // of groups, estimated; guarded by lock
    String excess = ""; // why an update was rejected; guarded by lock
    boolean opening = true; // its first run has not begun; guarded by lock
    boolean fresh; // the current run has delivered; guarded by lock
    @Nullable Thread thread; // guarded by lock
    @Nullable Provider accepted; // the one that has opened the block; guarded by lock
    long run; // number of the run; updates from earlier runs are ignored; guarded by lock
    volatile InstanceProblem problem = InstanceProblem.NONE;

    Runner(TargetSet set, DiscoveryBlock block, Path folder) {
      this.set = set;
      this.block = block;
      this.folder = folder;
    }

    /** Returns whether the block is written as another one, wherever that is in its file. */
    boolean isWritten(DiscoveryBlock other) {
      return block == other
          || block.type().equals(other.type()) && SameContent.of(block.node(), other.node());
    }

    String label() {
      return set.name + " " + block.type() + "[" + block.index() + "]";
    }

    /** Opens with a provider, without {@code lock}, as this calls plugin code. */
    @Nullable Attempt attempt(@Nullable Provider provider) {
      if (provider == null) {
        return null;
      }
      try {
        return new Attempt(open(provider, this), InstanceProblem.NONE);
      } catch (RuntimeException | LinkageError e) {
        LOG.error("discovery {}: {}", label(), e.getMessage());
        return new Attempt(
            null, new InstanceProblem(InstanceProblem.kindOf(e), String.valueOf(e.getMessage())));
      }
    }

    /**
     * Starts a run with a provider, or leaves the block waiting. Returns the thread of the previous
     * run.
     */
    @Nullable Thread start(@Nullable Provider provider, @Nullable Attempt attempt) {
      Thread previous = thread;
      thread = null;
      opening = false;
      accepted = null;
      long mine = ++run;
      fresh = false;
      if (provider == null || attempt == null) {
        problem = InstanceProblem.reported("waiting for plugin `" + block.type() + "`");
        clear(); // no plugin keeps them current any more
        set.touch();
        return previous;
      }
      Opened opened = attempt.opened();
      if (opened == null) {
        problem = attempt.problem();
        set.touch();
        return previous;
      }
      problem = InstanceProblem.NONE;
      accepted = provider;
      thread =
          environment
              .guard()
              .thread("discovery " + label())
              .start(() -> loop(provider, opened, mine));
      return previous;
    }

    void clear() {
      groups.clear();
      targets = 0;
      bytes = 0;
    }

    private void remove(String source) {
      TargetGroup before = groups.remove(source);
      if (before != null) {
        targets -= before.targets().size();
        bytes -= size(before);
      }
    }

    /**
     * Applies changed groups, all or none, as a part of them would look like a valid result. Called
     * under lock.
     *
     * @return which limit is exceeded, or empty
     */
    String take(List<TargetGroup> changed) {
      Map<String, TargetGroup> last = new LinkedHashMap<>();
      changed.forEach(g -> last.put(g.source(), g));
      int manyTargets = fresh ? targets : 0;
      int manyGroups = fresh ? groups.size() : 0;
      long manyBytes = fresh ? bytes : 0;
      for (TargetGroup group : last.values()) {
        TargetGroup before = fresh ? groups.get(group.source()) : null;
        if (before != null) {
          manyTargets -= before.targets().size();
          manyBytes -= size(before);
          manyGroups--;
        }
        if (!group.targets().isEmpty()) {
          manyTargets += group.targets().size();
          manyBytes += size(group);
          manyGroups++;
        }
      }
      GuardLimits limits = environment.guard().limits();
      if (manyTargets > limits.targets() || manyGroups > limits.targets()) {
        return "more than "
            + limits.targets()
            + " targets or groups, got "
            + manyTargets
            + " targets in "
            + manyGroups
            + " groups; raise plugins.max_targets in narthex.yml, or have the source of a group"
            + " keep its name; "
            + kept();
      }
      if (manyBytes > limits.targetBytes()) {
        return "the targets take more than "
            + limits.targetBytes()
            + " bytes; raise plugins.max_target_bytes in narthex.yml; "
            + kept();
      }
      if (!fresh) {
        clear();
        fresh = true;
      }
      for (TargetGroup group : last.values()) {
        remove(group.source());
        if (!group.targets().isEmpty()) {
          groups.put(group.source(), group);
          targets += group.targets().size();
          bytes += size(group);
        }
      }
      return "";
    }

    private String kept() {
      return "the " + targets + " previous targets are kept";
    }

    /** Returns whether a later run has replaced {@code mine}. */
    private boolean isOver(long mine) {
      synchronized (lock) {
        return run != mine;
      }
    }

    private void loop(Provider provider, Opened opened, long mine) {
      PluginGuard guard = environment.guard();
      CrashCounter crashes = new CrashCounter(guard.limits().window());
      TargetSink sink = new RunSink(this, mine, crashes);
      String what = "discovery " + label();
      while (!Thread.currentThread().isInterrupted()) {
        try {
          guard.here(
              provider,
              Operation.RUN,
              what,
              () -> {
                opened.discovery.run(sink);
                return true;
              });
          opened.context.endThreads();
          return;
        } catch (Exception | Error e) {
          opened.context.endThreads();
          if (isOver(mine)) {
            return;
          }
          int inARow = crashes.crashed(System.nanoTime());
          Duration pause = guard.limits().pauseAfter(inARow);
          LOG.warn("{} failed, starts again in {} s: {}", what, seconds(pause), e.toString(), e);
          countFailure(block.type()); // before the problem is visible
          problem =
              InstanceProblem.of(
                  PluginProblem.CRASHED,
                  "failed: " + e + "; starts again in " + seconds(pause) + " s");
          if (inARow >= guard.limits().crashes() && servesNobody(mine)) {
            guard.reportRepeatedCrashes(
                provider, what + " failed " + inARow + " times in a row, last: " + e);
          }
          try {
            Thread.sleep(pause);
          } catch (InterruptedException stop) {
            return;
          }
        }
      }
    }

    /** Returns whether run {@code mine} is current and no other block of the type works. */
    private boolean servesNobody(long mine) {
      synchronized (lock) {
        return run == mine
            && runnersOf(block.type()).stream()
                .noneMatch(r -> r != this && r.fresh && r.problem.isEmpty());
      }
    }
  }

  /** Receives the groups of one run. */
  private final class RunSink implements TargetSink {
    private final Runner runner;
    private final long run;
    private final CrashCounter crashes;

    RunSink(Runner runner, long run, CrashCounter crashes) {
      this.runner = runner;
      this.run = run;
      this.crashes = crashes;
    }

    @Override
    public void update(List<TargetGroup> changed) {
      synchronized (lock) {
        if (runner.run != run) {
          return; // replaced meanwhile
        }
        String excess = runner.take(changed);
        if (!excess.isEmpty()) {
          if (runner.excess.isEmpty()) {
            LOG.warn("discovery {}: {}", runner.label(), excess);
          }
          countFailure(runner.block.type());
        } else {
          runner.set.touch();
        }
        runner.excess = excess;
        runner.problem = InstanceProblem.of(PluginProblem.SETTINGS, excess); // a limit
      }
      crashes.worked();
    }

    @Override
    public void refreshFailed(String reason) {
      synchronized (lock) {
        if (runner.run != run) {
          return; // replaced meanwhile
        }
        if (!reason.equals(runner.problem.text())) {
          LOG.warn("discovery {}: refresh failed: {}", runner.label(), reason);
        }
        runner.problem = InstanceProblem.reported(reason);
      }
      countFailure(runner.block.type());
    }
  }

  /** An opened discovery and its context. */
  record Opened(Discovery discovery, HostContext context) {}

  /** The result of opening a discovery. */
  private record Attempt(@Nullable Opened opened, InstanceProblem problem) {}

  private static String seconds(Duration d) {
    return d.toMillis() % 1000 == 0 ? Long.toString(d.toSeconds()) : d.toMillis() / 1000.0 + "";
  }

  private Opened open(Provider provider, Runner runner) {
    return open(provider, runner.block, runner.label(), runner.folder);
  }

  private Opened open(Provider provider, DiscoveryBlock block, String label, Path folder) {
    HostContext context = environment.context(provider, label, folder);
    return environment
        .guard()
        .open(
            provider,
            "discovery " + label,
            () ->
                new Opened(
                    openTyped((DiscoveryProvider<?>) provider.service(), block, context), context));
  }

  private static <C extends Record> Discovery openTyped(
      DiscoveryProvider<C> service, DiscoveryBlock block, HostContext context) {
    C config = ConfigBinder.bind(block.node(), service.configType());
    HttpClientChecks.checkAll(config, block.node());
    try {
      return Objects.requireNonNull(service.open(config, context), "the plugin opened nothing");
    } catch (ConfigException e) {
      throw new ConfigException(block.node().place() + ": " + e.getMessage(), e);
    }
  }

  /** Opens the discovery of a block that belongs to no set; null when there is no plugin for it. */
  @Nullable Opened openAlone(DiscoveryBlock block, String label, Path folder) {
    Provider provider = registry.find(Kind.DISCOVERY, block.type());
    return provider == null ? null : open(provider, block, label, folder);
  }

  /** Returns a builder of threads for code of plugins. */
  Thread.Builder thread(String name) {
    return environment.guard().thread(name);
  }

  /**
   * Checks blocks whose plugins are installed. One that runs as it is has been accepted already.
   *
   * @throws ConfigException for a block its plugin refuses
   */
  public void check(Map<String, List<DiscoveryBlock>> wanted, Path folder) {
    List<Runnable> openings = new ArrayList<>(); // of plugin code, without the lock
    synchronized (lock) {
      boolean sameFolder = folder.equals(configDirectory);
      wanted.forEach((name, blocks) -> {
        TargetSet set = sameFolder ? sets.get(name) : null;
        for (DiscoveryBlock block : blocks) {
          Provider provider = registry.find(Kind.DISCOVERY, block.type());
          if (provider != null && (set == null || !set.runs(block, provider))) {
            openings.add(() -> open(provider, block, name, folder));
          }
        }
      });
    }
    openings.forEach(Runnable::run);
  }

  /** Applies the sets of a configuration; unchanged blocks continue to run. */
  public void configure(Map<String, List<DiscoveryBlock>> wanted, Path folder) {
    List<Thread> previous = new ArrayList<>();
    List<String> removed = new ArrayList<>();
    synchronized (changes) {
      configure(wanted, folder, previous, removed);
    }
    for (String name : removed) {
      notifier.execute(() -> {
        discovered.remove(kindOf(name), name);
        listeners.forEach(l -> l.setRemoved(name));
      });
    }
    previous.forEach(Thread::interrupt);
  }

  private void configure(
      Map<String, List<DiscoveryBlock>> wanted,
      Path folder,
      List<Thread> previous,
      List<String> removed) {
    List<Runner> fresh = new ArrayList<>();
    synchronized (lock) {
      boolean sameFolder = folder.equals(configDirectory);
      configDirectory = folder;
      for (String name : List.copyOf(sets.keySet())) {
        if (!wanted.containsKey(name)) {
          TargetSet set = Objects.requireNonNull(sets.remove(name));
          set.runners.forEach(r -> stop(r, previous));
          if (set.pending != null) {
            set.pending.cancel(false);
          }
          removed.add(name);
        }
      }
      wanted.forEach((name, blocks) -> {
        TargetSet set = sets.computeIfAbsent(name, TargetSet::new);
        if (sameFolder && set.runs(blocks)) {
          return;
        }
        List<Runner> old = new ArrayList<>(set.runners);
        set.runners.clear();
        for (DiscoveryBlock block : blocks) {
          if (!block.type().equals("static")) {
            failures.with(block.type()).add(0); // so that increase() sees the first failure
          }
          Runner kept =
              sameFolder
                  ? old.stream().filter(r -> r.isWritten(block)).findFirst().orElse(null)
                  : null;
          if (kept != null) {
            old.remove(kept);
            kept.block = block;
            set.runners.add(kept);
          } else {
            Runner runner = new Runner(set, block, folder);
            set.runners.add(runner);
            fresh.add(runner);
          }
        }
        old.forEach(r -> stop(r, previous));
        set.configured = true;
        set.touch();
      });
    }
    for (Runner runner : fresh) {
      Provider provider = registry.find(Kind.DISCOVERY, runner.block.type());
      Attempt attempt = runner.attempt(provider);
      synchronized (lock) {
        runner.start(provider, attempt);
      }
    }
  }

  private static void stop(Runner runner, List<Thread> previous) {
    runner.run++;
    Thread thread = runner.thread;
    runner.thread = null;
    if (thread != null) {
      previous.add(thread);
    }
  }

  private void notifyListeners(TargetSet set) {
    List<TargetGroup> groups = new ArrayList<>();
    synchronized (lock) {
      set.pending = null;
      if (sets.get(set.name) != set) {
        return;
      }
      // a new set is first published once every block has delivered or failed
      boolean waiting =
          set.runners.stream()
              .anyMatch(r ->
                  r.opening
                      || (r.thread != null
                          && !r.fresh
                          && r.groups.isEmpty()
                          && r.problem.isEmpty()));
      if (waiting && !set.notified) {
        set.notified = true;
        set.pending =
            notifier.schedule(() -> notifyListeners(set), SETTLE.toMillis(), TimeUnit.MILLISECONDS);
        return;
      }
      set.notified = true;
      int targets = 0;
      for (Runner runner : set.runners) {
        for (TargetGroup group : runner.groups.values()) {
          groups.add(prefixed(group, runner));
          targets += group.targets().size();
        }
      }
      discovered.with(kindOf(set.name), set.name).set(targets);
    }
    for (TargetGroupListener listener : listeners) {
      notifyListener(listener, set.name, groups);
    }
  }

  /** Returns the estimated memory of a group. */
  private static long size(TargetGroup group) {
    long size = 64 + 2L * group.source().length() + size(group.labels());
    for (Map<String, String> target : group.targets()) {
      size += size(target);
    }
    return size;
  }

  private static long size(Map<String, String> labels) {
    long size = 64;
    for (Map.Entry<String, String> e : labels.entrySet()) {
      size += 32 + 2L * (e.getKey().length() + e.getValue().length());
    }
    return size;
  }

  private static String kindOf(String set) {
    return set.startsWith("scrape/") ? "scrape" : "notify";
  }

  private static TargetGroup prefixed(TargetGroup group, Runner runner) {
    return new TargetGroup(
        runner.block.type() + "/" + runner.block.index() + "/" + group.source(),
        group.labels(),
        group.targets());
  }

  private static void notifyListener(
      TargetGroupListener listener, String set, List<TargetGroup> groups) {
    try {
      listener.targetsChanged(set, groups);
    } catch (RuntimeException e) {
      LOG.error("targets of {} were not applied: {}", set, e.toString(), e);
    }
  }

  /** Adds a listener, which is notified of every set. */
  public void listen(TargetGroupListener listener) {
    listeners.addIfAbsent(listener);
    synchronized (lock) {
      sets.values().forEach(TargetSet::touch);
    }
  }

  /** Removes a listener. */
  public void unlisten(TargetGroupListener listener) {
    listeners.remove(listener);
  }

  @Override
  public void probe(Provider candidate) {
    if (candidate.kind() != Kind.DISCOVERY) {
      return;
    }
    List<Runner> concerned;
    synchronized (lock) {
      concerned = runnersOf(candidate.type());
    }
    long until = System.nanoTime() + PROBES.toNanos();
    for (Runner runner : concerned) {
      Opened opened = open(candidate, runner);
      int current;
      synchronized (lock) { // what does not work now need not work after the update
        current = runner.fresh && runner.problem.isEmpty() ? runner.targets : -1;
      }
      if (current >= 0 && System.nanoTime() - until < 0) {
        probe(candidate, runner, opened, current);
      }
    }
  }

  private void probe(Provider candidate, Runner runner, Opened opened, int current) {
    Optional<List<TargetGroup>> found;
    try {
      found =
          environment
              .guard()
              .probe(candidate, "discovery " + runner.label(), opened.discovery()::probe);
    } finally {
      opened.context().endThreads();
    }
    if (current > 0
        && found.isPresent()
        && found.get().stream().allMatch(g -> g.targets().isEmpty())) {
      throw new IllegalStateException(
          "discovery "
              + runner.label()
              + " fails its self-test: it finds no target, and the version that runs has "
              + current);
    }
  }

  private List<Runner> runnersOf(String type) {
    List<Runner> out = new ArrayList<>();
    for (TargetSet set : sets.values()) {
      set.runners.stream().filter(r -> r.block.type().equals(type)).forEach(out::add);
    }
    return out;
  }

  @Override
  public void changed(Kind kind, String type, @Nullable Provider now) {
    if (kind != Kind.DISCOVERY) {
      return;
    }
    List<Thread> previous = new ArrayList<>();
    synchronized (changes) {
      List<Runner> concerned;
      synchronized (lock) {
        concerned = runnersOf(type);
      }
      Map<Runner, @Nullable Attempt> attempts = new IdentityHashMap<>();
      concerned.forEach(r -> attempts.put(r, r.attempt(now)));
      synchronized (lock) {
        for (Runner runner : runnersOf(type)) { // none when the host has been closed
          Thread thread = runner.start(now, attempts.get(runner));
          if (thread != null) {
            previous.add(thread);
          }
        }
      }
    }
    previous.forEach(Thread::interrupt);
    for (Thread thread : previous) {
      try {
        if (!thread.join(stopDeadline)) {
          LOG.warn(
              "{} does not stop when interrupted; its class loader stays alive", thread.getName());
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }

  @Override
  public Kind kind() {
    return Kind.DISCOVERY;
  }

  /** Returns the blocks of a type with their problem. */
  @Override
  public Map<String, InstanceProblem> instances(String type) {
    synchronized (lock) {
      Map<String, InstanceProblem> out = new TreeMap<>();
      runnersOf(type).forEach(r -> out.put(r.label(), r.problem));
      return out;
    }
  }

  /**
   * Returns the blocks of a type that still have the targets of the previous version: the current
   * run has delivered nothing yet and reported no problem.
   */
  @Override
  public List<String> silent(String type) {
    synchronized (lock) {
      return runnersOf(type).stream()
          .filter(r -> !r.fresh && !r.groups.isEmpty() && r.problem.isEmpty())
          .map(Runner::label)
          .toList();
    }
  }

  /** Stops all runs. Listeners are not notified: targets end with the server. */
  public void close() {
    notifier.shutdownNow();
    List<Thread> previous = new ArrayList<>();
    synchronized (lock) {
      sets.values().forEach(s -> s.runners.forEach(r -> stop(r, previous)));
      sets.clear();
    }
    previous.forEach(Thread::interrupt);
  }
}
