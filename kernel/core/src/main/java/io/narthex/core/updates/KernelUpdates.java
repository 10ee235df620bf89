package io.narthex.core.updates;

import io.narthex.core.plugin.jars.Bundles;
import io.narthex.core.plugin.jars.JarFiles;
import io.narthex.core.plugin.jars.JarInspector;
import io.narthex.core.plugin.jars.JarInspector.JarInfo;
import io.narthex.core.plugin.leaks.LeakMeter;
import io.narthex.core.plugin.state.AuditLog;
import io.narthex.core.plugin.state.KeptJars;
import io.narthex.core.updates.KernelHealth.Condition;
import io.narthex.service.config.ReloadListener;
import io.narthex.service.plugins.PluginService.PluginException;
import io.narthex.service.plugins.PluginService.PluginInfo;
import io.narthex.service.plugins.PluginService.State;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.framework.Version;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * Updates, rolls back and lists the bundles of the server itself. Changes are made by one thread at
 * a time, which holds the given lock; {@link #list} takes none.
 *
 * <p>The bundle that serves the request (the HTTP server) is replaced on another thread after the
 * answer; until then its state is {@code STARTING}, and the audit log records the outcome.
 */
public final class KernelUpdates {
  private static final Logger LOG = LoggerFactory.getLogger(KernelUpdates.class);
  private static final long ANSWER_MILLIS = 500;
  private static final long LIST_NANOS = 1_000_000_000;
  private static final String REVERT = "revert"; // in the audit log

  private final BundleContext framework;
  private final Object changes;
  private final KernelBundles kernel;
  private final KernelHealth health;
  private final KeptJars jars;
  private final AuditLog audit;
  private final KernelPins pins;
  private final KernelTrial trial;
  private final LeakMeter leaks;
  private final Map<String, String> lastProblem = new ConcurrentHashMap<>(); // by bundle
  private volatile boolean confirmed; // since the start
  private volatile String pending = ""; // bundle to be replaced after the answer

  private record Listed(List<PluginInfo> bundles, long nanos, long change) {}

  private final Object listing = new Object(); // held while the framework is queried
  private final AtomicLong changed = new AtomicLong(); // counts changes of the list
  private volatile @Nullable Listed listed;
  private volatile Consumer<Boolean> underway = on -> {};

  public KernelUpdates(
      BundleContext framework,
      Object changes,
      KeptJars jars,
      AuditLog audit,
      LeakMeter leaks,
      Path state) {
    this.framework = framework;
    this.changes = changes;
    this.kernel = new KernelBundles(framework);
    this.health = new KernelHealth(framework);
    this.jars = jars;
    this.audit = audit;
    this.pins = new KernelPins(state.resolve("kernel.properties"));
    this.trial = new KernelTrial(state);
    this.leaks = leaks;
  }

  /**
   * Sets the hooks of the rest of the kernel.
   *
   * @param configurationProblem returns why a listener could not apply the configuration, or null
   * @param underway is notified when a replacement begins and ends
   */
  public void hooks(
      Function<ReloadListener, @Nullable String> configurationProblem, Consumer<Boolean> underway) {
    health.configurationProblem(configurationProblem);
    this.underway = underway;
  }

  /** Warns of missing bundles, with what does not work without them. */
  public void warnOfMissing() {
    kernel.warnOfMissing();
  }

  /**
   * Checks whether the updates that run since the start work. Those that do not, and those that the
   * launcher has excluded, are replaced by the shipped versions.
   */
  public void confirm(BootWatch watch) {
    synchronized (changes) {
      try {
        showEarlierReverts();
        trial.failures(pins).forEach(this::reverted);
        trial.forgetFailures();
        updatesInService().forEach(b -> confirm(b, watch));
        confirmed = true;
        trial.passed();
      } catch (UncheckedIOException e) {
        LOG.error("updates of the server's bundles: {}", String.valueOf(e.getCause()));
      } finally {
        changed.incrementAndGet();
      }
    }
  }

  private void showEarlierReverts() {
    for (Bundle bundle : kernel.all()) {
      audit.newest(bundle.getSymbolicName(), 1).stream()
          .filter(e -> e.action().equals(REVERT))
          .forEach(e -> tellReverted(e.id(), e.version(), e.result()));
    }
  }

  /** Returns the updates that run since the start, importers of packages before their exporters. */
  private List<Bundle> updatesInService() {
    List<Bundle> out = new ArrayList<>();
    for (String id : pins.ids()) {
      Bundle bundle = kernel.named(id);
      if (bundle != null && pins.path(id).equals(kernel.jar(bundle))) {
        out.add(bundle);
      }
    }
    out.sort(Comparator.comparingInt(b -> KernelBundles.withDependents(b).size()));
    return out;
  }

  private void confirm(Bundle bundle, BootWatch watch) {
    String id = bundle.getSymbolicName();
    String problem;
    try {
      for (Bundle user : KernelBundles.withDependents(bundle)) {
        watch.trial("the trial of " + user.getSymbolicName(), id, false);
        if (user.getHeaders().get(Constants.FRAGMENT_HOST) == null) {
          KernelSwap.start(framework, user);
        }
        health.verifyStarted(user);
      }
      return;
    } catch (RuntimeException | Error e) {
      problem = e instanceof PluginException ? String.valueOf(e.getMessage()) : e.toString();
    }
    watch.trial("the rollback of " + id, id, true);
    try {
      Path shipped = shipped(id);
      replace(KernelSwap.prepare(framework, kernel, health, bundle, shipped));
      kernel.inService(Objects.requireNonNull(kernel.named(id)), shipped);
      reverted(id, problem);
    } catch (RuntimeException | Error e) {
      LOG.error(
          "{} {}, an update, does not work: {}; the shipped version runs from the next start on, as"
              + " it cannot take its place now: {}",
          id,
          bundle.getVersion(),
          problem,
          e.getMessage());
      trial.fail(id, pins.jar(id), problem);
    }
  }

  /** Records that the shipped version of a bundle runs because its update failed at the start. */
  private void reverted(String id, String problem) {
    Path jar = pins.path(id);
    String version = KeptJars.versionOf(jar);
    String digest = "";
    try {
      digest = JarInspector.sha256(jar);
    } catch (IOException e) {
      LOG.debug("{} cannot be read: {}", jar, e.toString());
    }
    pins.unpin(id);
    audit.add("server", REVERT, id, version, digest, problem);
    LOG.error(
        "{} {}, an update, does not work; the shipped version runs instead: {}",
        id,
        version,
        problem);
    tellReverted(id, version, problem);
  }

  private void tellReverted(String id, String version, String problem) {
    lastProblem.put(id, "update to " + version + " was taken back at the start: " + problem);
  }

  /**
   * Called when the server cannot start: excludes the updates that may be to blame from the next
   * start on. Does nothing once they have been confirmed.
   *
   * @param suspect returns, by id, whether a bundle may be to blame
   */
  public void blame(Predicate<String> suspect, String reason) {
    if (confirmed) {
      return;
    }
    try {
      for (Bundle bundle : updatesInService()) {
        String id = bundle.getSymbolicName();
        if (suspect.test(id)) {
          LOG.error("{} {}, an update, does not run again", id, bundle.getVersion());
          trial.fail(id, pins.jar(id), reason);
        }
      }
    } catch (UncheckedIOException e) {
      LOG.error("updates of the server's bundles: {}", String.valueOf(e.getCause()));
    }
  }

  public boolean runsUpdates() {
    return !updatesInService().isEmpty();
  }

  /** Returns whether an id is the name of a bundle of the server, or of the framework. */
  public boolean owns(String id) {
    for (Bundle bundle : framework.getBundles()) {
      if (id.equals(bundle.getSymbolicName()) && !bundle.getLocation().startsWith("plugin:")) {
        return true;
      }
    }
    return false;
  }

  /**
   * Returns all bundles of the server, as users see them. This is called often, and querying the
   * framework about every component is slow; so it is queried at most once per {@link #LIST_NANOS},
   * and after each change.
   */
  public List<PluginInfo> list() {
    Listed latest = listed;
    if (latest != null && latest.change() == changed.get() && isFresh(latest)) {
      return latest.bundles();
    }
    synchronized (listing) { // one caller queries, the others wait for its result
      latest = listed;
      long change = changed.get();
      if (latest != null && latest.change() == change && isFresh(latest)) {
        return latest.bundles();
      }
      long now = System.nanoTime();
      List<PluginInfo> out = new ArrayList<>();
      for (Bundle bundle : kernel.all()) {
        out.add(describe(bundle));
      }
      listed = new Listed(List.copyOf(out), now, change);
      return out;
    }
  }

  private static boolean isFresh(Listed listed) {
    return System.nanoTime() - listed.nanos() < LIST_NANOS;
  }

  private PluginInfo describe(Bundle bundle) {
    String id = bundle.getSymbolicName();
    boolean fixed = kernel.fixed(bundle) != null;
    Condition condition = health.condition(bundle);
    Path jar = kernel.jar(bundle);
    String digest = kernel.digest(bundle);
    Path before = fixed ? null : jars.before(id, digest);
    State state =
        id.equals(pending)
            ? State.STARTING
            : switch (condition.kind()) {
              case WELL -> State.RUNNING;
              case WAITS -> State.NEEDS;
              case BROKEN -> State.FAILED;
            };
    String reason =
        id.equals(pending)
            ? "is being replaced; see the audit log for the outcome"
            : condition.isWell() ? lastProblem.getOrDefault(id, "") : condition.text();
    return new PluginInfo(
        id,
        Objects.requireNonNullElse(bundle.getHeaders().get("Bundle-Name"), id),
        List.of(fixed ? "kernel:fixed" : "kernel"),
        bundle.getVersion().toString(),
        state,
        reason,
        "kernel",
        jar == null ? "" : JarFiles.name(jar),
        digest,
        bundle.getLastModified(),
        bundle.getState() == Bundle.ACTIVE ? bundle.getLastModified() : 0,
        List.of(),
        before == null ? null : KeptJars.versionOf(before),
        leaks.alive(id),
        Bundles.state(bundle));
  }

  /**
   * Replaces a bundle of the server by an uploaded jar.
   *
   * @param force whether a lower version may replace a higher one
   * @throws PluginException when it cannot be replaced; the previous version still runs then
   */
  public PluginInfo install(Path upload, JarInfo info, boolean force, String actor) {
    Bundle previous = replaceable(info.id());
    checkVersion(previous, info, force);
    Path candidate = jars.copy(upload, info, false);
    try {
      keepRunning(previous);
      KernelSwap swap = prepare(previous, candidate, info, "update", actor);
      return perform(swap, previous, candidate, info, "update", actor);
    } catch (PluginException e) {
      KeptJars.delete(candidate);
      throw e;
    } finally {
      changed.incrementAndGet();
    }
  }

  /** Rolls back to the version before the current one. */
  public PluginInfo rollback(String id, String actor) {
    Bundle previous = replaceable(id);
    Path target = jars.before(id, kernel.digest(previous));
    if (target == null) {
      throw new PluginException("there is no earlier version of " + id + " to go back to");
    }
    JarInfo info = KeptJars.inspectKept(target);
    KernelSwap swap = prepare(previous, target, info, "rollback", actor);
    return perform(swap, previous, target, info, "rollback", actor);
  }

  /** Replaces a bundle by the shipped version. */
  public void remove(String id, String actor) {
    Bundle previous = replaceable(id);
    Path shipped = shipped(id);
    JarInfo info = JarInspector.inspect(shipped, JarFiles.name(shipped));
    if (info.sha256().equals(kernel.digest(previous))) {
      throw new PluginException(
          id + " runs as it was shipped, and the server needs it; there is nothing to remove");
    }
    KernelSwap swap = prepare(previous, shipped, info, "remove", actor);
    perform(swap, previous, shipped, info, "remove", actor);
  }

  private Path shipped(String id) {
    Path shipped = kernel.shipped(id);
    if (shipped == null) {
      throw new PluginException("the shipped jar of " + id + " is missing");
    }
    return shipped;
  }

  /** Returns why a bundle of the server cannot be enabled or disabled. */
  public static PluginException noSwitch(String id) {
    return new PluginException(
        id + " is a part of the server and always on; it can be updated and rolled back");
  }

  private Bundle replaceable(String id) {
    if (!pending.isEmpty()) {
      throw new PluginException(pending + " is being replaced; try again when it is done");
    }
    Bundle bundle = kernel.named(id);
    if (bundle == null) {
      throw new PluginException(
          "\""
              + id
              + "\" is the name of a library of the server; give the plugin another symbolic name");
    }
    String fixed = kernel.fixed(bundle);
    if (fixed != null) {
      throw new PluginException(fixed);
    }
    return bundle;
  }

  private void checkVersion(Bundle previous, JarInfo info, boolean force) {
    if (info.sha256().equals(kernel.digest(previous))) {
      throw new PluginException("this very jar of " + info.id() + " runs already");
    }
    if (!info.bundle()) {
      throw new PluginException(
          "\"" + info.id() + "\" is the name of a part of the server, and the jar is no bundle");
    }
    int order = Version.parseVersion(info.version()).compareTo(previous.getVersion());
    if (force || order > 0) {
      return;
    }
    throw new PluginException(
        order == 0
            ? "version "
                + info.version()
                + " of "
                + info.id()
                + " runs already, with another content; raise the version"
            : "version "
                + previous.getVersion()
                + " of "
                + info.id()
                + " runs already, got the older "
                + info.version()
                + "; use --force to go back");
  }

  /** Keeps the jar that runs, for undo. */
  private void keepRunning(Bundle previous) {
    Path jar = kernel.jar(previous);
    if (jar == null) {
      throw new PluginException(
          "the jar of "
              + previous.getSymbolicName()
              + " that runs is not known, so the update could not be undone");
    }
    JarInfo running = JarInspector.inspect(jar, JarFiles.name(jar));
    Path copy = jars.copy(jar, running, false);
    jars.keep(copy, running);
    KeptJars.delete(copy);
  }

  private KernelSwap prepare(Bundle previous, Path jar, JarInfo info, String action, String actor) {
    lastProblem.remove(info.id());
    changed.incrementAndGet();
    try {
      return KernelSwap.prepare(framework, kernel, health, previous, jar);
    } catch (PluginException e) {
      audit(actor, action, info, String.valueOf(e.getMessage()));
      throw e;
    }
  }

  private PluginInfo perform(
      KernelSwap swap, Bundle previous, Path jar, JarInfo info, String action, String actor) {
    if (!swap.afterAnswer()) {
      performNow(swap, jar, info, action, actor);
      return describe(Objects.requireNonNull(kernel.named(info.id())));
    }
    pending = info.id();
    changed.incrementAndGet();
    Thread.ofPlatform()
        .name("replace " + info.id())
        .start(() -> {
          try {
            Thread.sleep(ANSWER_MILLIS); // the answer is sent by the bundle that is replaced
            synchronized (changes) {
              performNow(swap, jar, info, action, actor);
            }
          } catch (PluginException e) {
            lastProblem.put(
                info.id(),
                action + " to " + info.version() + outcome(swap) + ": " + e.getMessage());
            if (action.equals("update")) {
              KeptJars.delete(jar);
            }
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          } catch (RuntimeException | Error e) {
            LOG.error("replacing {}", info.id(), e);
          } finally {
            pending = "";
            changed.incrementAndGet();
          }
        });
    return describe(previous);
  }

  private void performNow(KernelSwap swap, Path jar, JarInfo info, String action, String actor) {
    try {
      replace(swap);
      changed.incrementAndGet();
    } catch (PluginException e) {
      audit(actor, action, info, String.valueOf(e.getMessage()));
      changed.incrementAndGet();
      LOG.atLevel(swap.isStuck() ? Level.ERROR : Level.WARN)
          .log(
              "{}: {} to {}{}: {}",
              info.id(),
              action,
              info.version(),
              outcome(swap),
              e.getMessage());
      throw e;
    }
    Path kept = jar;
    if (action.equals("update")) {
      jars.keep(jar, info);
      kept = jars.named(info.id(), KeptJars.fileName(info));
      KeptJars.delete(jar);
    }
    Bundle now = Objects.requireNonNull(kernel.named(info.id()));
    kernel.inService(now, kept);
    remember(info, kept);
    changed.incrementAndGet();
    audit(actor, action, info, "ok");
    LOG.info("{} {} runs now ({})", info.id(), info.version(), action);
  }

  private static String outcome(KernelSwap swap) {
    return swap.isStuck() ? " failed and could not be taken back" : " was taken back";
  }

  private void replace(KernelSwap swap) {
    underway.accept(true);
    try {
      for (KernelSwap.Retired retired : swap.perform()) {
        leaks.watch(retired.id(), retired.version(), retired.loader());
      }
    } finally {
      underway.accept(false);
    }
  }

  /** Makes the version that runs now run after the next start, too. */
  private void remember(JarInfo info, Path kept) {
    Path shipped = kernel.shipped(info.id());
    String digest = "";
    try {
      digest = shipped == null ? "" : JarInspector.sha256(shipped);
    } catch (IOException e) {
      LOG.error("{} cannot be read: {}", shipped, e.toString());
    }
    if (digest.equals(info.sha256()) || digest.isEmpty()) {
      pins.unpin(info.id());
    } else {
      pins.pin(info.id(), kept, digest);
    }
  }

  private void audit(String actor, String action, JarInfo info, String result) {
    audit.add(actor, action, info.id(), info.version(), info.sha256(), result);
  }
}
