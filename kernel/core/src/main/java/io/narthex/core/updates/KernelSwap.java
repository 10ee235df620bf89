package io.narthex.core.updates;

import io.narthex.core.host.PluginCalls;
import io.narthex.core.plugin.jars.Bundles;
import io.narthex.service.plugins.PluginProblem;
import io.narthex.service.plugins.PluginService.PluginException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.FrameworkListener;
import org.osgi.framework.ServiceRegistration;
import org.osgi.framework.hooks.resolver.ResolverHookFactory;
import org.osgi.framework.wiring.BundleCapability;
import org.osgi.framework.wiring.BundleRequirement;
import org.osgi.framework.wiring.BundleRevision;
import org.osgi.framework.wiring.BundleWire;
import org.osgi.framework.wiring.BundleWiring;
import org.osgi.framework.wiring.FrameworkWiring;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One replacement of a bundle of the server.
 *
 * <p><b>Set.</b> The bundles wired to the replaced one are replaced too, by second copies of their
 * own jars: so the previous ones stay resolved and can be started again unchanged, and no bundle is
 * refreshed.
 *
 * <p><b>Order.</b> {@link #prepare} installs and resolves the new bundles without touching those
 * that run. {@link #perform} starts those that may run alongside their predecessor, stops the
 * previous ones, starts the rest, and checks that everything works that worked before; otherwise it
 * rolls back.
 *
 * <p>Used by one thread at a time.
 */
final class KernelSwap {
  private static final Logger LOG = LoggerFactory.getLogger(KernelSwap.class);

  /** Time limits for starting and stopping a bundle. */
  record Limits(Duration start, Duration stop) {
    static final Limits DEFAULT = new Limits(Duration.ofSeconds(30), Duration.ofSeconds(60));
  }

  private static final Duration REFRESH = Duration.ofSeconds(15);

  /** Manifest header with options for replacing a bundle, comma-separated. */
  private static final String HEADER = "Narthex-Swap";

  /** Started alongside its predecessor; without this, after that one has been stopped. */
  private static final String BESIDE = "beside";

  /** Replaced after the answer, as the request to replace it is served by it. */
  private static final String AFTER_ANSWER = "after-answer";

  /** A bundle and the one that replaces it. */
  record Member(Bundle previous, Bundle next, Path jar) {
    boolean alongside() {
      return says(previous, BESIDE) && says(next, BESIDE);
    }

    private static boolean says(Bundle bundle, String word) {
      String words = bundle.getHeaders().get(HEADER);
      return words != null && List.of(words.split("\\s*,\\s*")).contains(word);
    }
  }

  /** An uninstalled version. */
  record Retired(String id, String version, @Nullable ClassLoader loader) {}

  private final BundleContext framework;
  private final KernelBundles kernel;
  private final KernelHealth health;
  private final Limits limits;
  private final List<Member> members; // providers first
  private final ServiceRegistration<ResolverHookFactory> hook;
  private boolean stuck;

  private KernelSwap(
      BundleContext framework,
      KernelBundles kernel,
      KernelHealth health,
      Limits limits,
      List<Member> members) {
    this.framework = framework;
    this.kernel = kernel;
    this.health = health;
    this.limits = limits;
    this.members = List.copyOf(members);
    this.hook =
        framework.registerService(
            ResolverHookFactory.class, new KernelResolution(previous(), next()), null);
  }

  private Set<Bundle> previous() {
    Set<Bundle> out = new LinkedHashSet<>();
    members.forEach(m -> out.add(m.previous()));
    return out;
  }

  private Set<Bundle> next() {
    Set<Bundle> out = new LinkedHashSet<>();
    members.forEach(m -> out.add(m.next()));
    return out;
  }

  List<Member> members() {
    return members;
  }

  /** Returns whether the request must be answered before the replacement begins. */
  boolean afterAnswer() {
    return members.stream()
        .anyMatch(
            m -> Member.says(m.previous(), AFTER_ANSWER) || Member.says(m.next(), AFTER_ANSWER));
  }

  /**
   * Installs and resolves a new version and copies of the bundles wired to the previous one.
   *
   * @throws PluginException when it cannot be resolved; nothing has changed then
   */
  static KernelSwap prepare(
      BundleContext framework,
      KernelBundles kernel,
      KernelHealth health,
      Bundle previous,
      Path jar) {
    return prepare(framework, kernel, health, Limits.DEFAULT, previous, jar);
  }

  /** As the other one, with other limits. */
  static KernelSwap prepare(
      BundleContext framework,
      KernelBundles kernel,
      KernelHealth health,
      Limits limits,
      Bundle previous,
      Path jar) {
    Map<Bundle, Path> sources = new LinkedHashMap<>();
    for (Bundle bundle : KernelBundles.withDependents(previous)) {
      Path source = bundle.equals(previous) ? jar : kernel.jar(bundle);
      if (source == null || !Files.isReadable(source)) {
        throw new PluginException(
            "the jar of " + bundle.getSymbolicName() + ", which depends on it, is missing");
      }
      sources.put(bundle, source);
    }
    List<Member> members = new ArrayList<>();
    try {
      sources.forEach((bundle, source) ->
          members.add(new Member(bundle, install(framework, bundle, source), source)));
    } catch (PluginException e) {
      members.forEach(m -> remove(m.next()));
      throw e;
    }
    KernelSwap swap = new KernelSwap(framework, kernel, health, limits, members);
    try {
      swap.resolve(previous);
      return swap;
    } catch (PluginException e) {
      swap.cancel();
      throw e;
    }
  }

  private static Bundle install(BundleContext framework, Bundle previous, Path source) {
    try (InputStream in = Files.newInputStream(source)) {
      return framework.installBundle(
          KernelBundles.LOCATION + previous.getSymbolicName() + ":" + System.nanoTime(), in);
    } catch (BundleException e) {
      throw Bundles.failed(e);
    } catch (IOException e) {
      throw new PluginException(PluginProblem.SERVER, "cannot be installed: " + e.getMessage());
    }
  }

  private FrameworkWiring wiring() {
    return Bundles.wiring(framework);
  }

  private void resolve(Bundle target) {
    Set<Bundle> previous = previous();
    for (Member m : members) {
      BundleRevision revision = m.next().adapt(BundleRevision.class);
      for (BundleRequirement requirement : revision.getDeclaredRequirements(null)) {
        if (Bundles.isMandatory(requirement) && !provided(requirement, previous)) {
          String need = Bundles.inWords(requirement);
          throw new PluginException(
              PluginProblem.NEEDS,
              m.previous().equals(target)
                  ? need
                  : m.previous().getSymbolicName()
                      + " "
                      + need
                      + "; the new version no longer exports what other bundles use");
        }
      }
    }
    if (!wiring().resolveBundles(next())) {
      throw new PluginException(
          "cannot be resolved: its packages conflict with those that other bundles use");
    }
    for (Member m : members) {
      BundleWiring wired = m.next().adapt(BundleWiring.class);
      List<BundleWire> wires = wired == null ? null : wired.getRequiredWires(null);
      for (BundleWire wire : wires == null ? List.<BundleWire>of() : wires) {
        if (previous.contains(wire.getProvider().getBundle())) {
          throw new PluginException(
              "cannot be resolved: " + m.next() + " is wired to " + wire.getProvider());
        }
      }
    }
  }

  private boolean provided(BundleRequirement requirement, Set<Bundle> previous) {
    Collection<BundleCapability> found = wiring().findProviders(requirement);
    return found.stream().anyMatch(c -> !previous.contains(c.getRevision().getBundle()));
  }

  /** Uninstalls the new bundles. */
  void cancel() {
    for (Member m : members.reversed()) {
      remove(m.next());
    }
    forget(next());
    hook.unregister();
  }

  /**
   * Replaces the bundles.
   *
   * @return the uninstalled versions
   * @throws PluginException when the new ones do not work; the previous ones are in service again
   *     then, unless {@link #isStuck}
   */
  List<Retired> perform() {
    List<Bundle> before = kernel.all();
    Set<String> worked = health.healthy(before);
    List<Bundle> after = new ArrayList<>(before);
    after.removeAll(previous());
    after.addAll(next());
    Map<Member, Set<String>> troubled = new LinkedHashMap<>();
    Map<Member, Set<String>> offered = new LinkedHashMap<>();
    for (Member m : members) {
      troubled.put(m, health.troubled(m.previous()));
      offered.put(m, KernelHealth.offered(m.previous()));
    }
    try {
      for (boolean alongside : new boolean[] {true, false}) {
        if (!alongside) {
          members.reversed().stream().filter(m -> !m.alongside()).forEach(m -> stop(m.previous()));
          members.reversed().stream().filter(Member::alongside).forEach(m -> stop(m.previous()));
        }
        List<Member> some = members.stream().filter(m -> m.alongside() == alongside).toList();
        some.forEach(m -> start(framework, m.next(), limits.start()));
        for (Member m : some) {
          health.verify(
              m.next(), troubled.getOrDefault(m, Set.of()), offered.getOrDefault(m, Set.of()));
        }
      }
      health.awaitHealthy(others(worked), after);
    } catch (RuntimeException | Error e) {
      String problem = rollBack(worked, before); // never leave half a replacement
      String cause =
          e instanceof PluginException || e instanceof PluginCalls.PluginTimeoutException
              ? String.valueOf(e.getMessage())
              : "failed to start: " + e;
      stuck = !problem.isEmpty();
      throw new PluginException(
          stuck
              ? cause
                  + "; the previous version does not work any more either: "
                  + problem
                  + "; restart the server"
              : cause);
    }
    return confirm();
  }

  /** Returns whether neither the new nor the previous versions work. */
  boolean isStuck() {
    return stuck;
  }

  /** Returns the components that are not the members' own, which may change their names. */
  private Set<String> others(Set<String> components) {
    Set<String> out = new LinkedHashSet<>(components);
    members.forEach(m -> out.removeIf(c -> c.startsWith(m.previous().getSymbolicName() + "/")));
    return out;
  }

  /**
   * Starts a bundle unless it is active.
   *
   * @throws PluginException when it does not start in time
   */
  static void start(BundleContext framework, Bundle bundle) {
    start(framework, bundle, Limits.DEFAULT.start());
  }

  private static void start(BundleContext framework, Bundle bundle, Duration limit) {
    PluginCalls.within(
        limit,
        "starting " + bundle.getSymbolicName(),
        () -> {
          try {
            bundle.start();
          } catch (BundleException e) {
            throw Bundles.notStarted(framework, bundle, e);
          }
          return true;
        },
        late -> {});
  }

  private void stop(Bundle bundle) {
    PluginCalls.within(
        limits.stop(),
        "stopping " + bundle.getSymbolicName(),
        () -> {
          bundle.stop();
          return true;
        },
        late -> {});
  }

  /** Puts the previous versions into service again; returns why that failed, or empty. */
  private String rollBack(Set<String> worked, List<Bundle> before) {
    for (Member m : members.reversed()) {
      // the framework waits for a bundle that is starting, so remove it on another thread
      Thread removal = Thread.ofVirtual().name("remove " + m.next()).start(() -> remove(m.next()));
      try {
        removal.join(limits.stop());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
    List<String> problems = new ArrayList<>();
    for (Member m : members) {
      try {
        if (m.previous().getState() != Bundle.ACTIVE) {
          start(framework, m.previous(), limits.start());
        }
      } catch (RuntimeException | Error e) {
        problems.add(
            m.previous().getState() == Bundle.STOPPING
                ? m.previous().getSymbolicName() + " is still stopping"
                : String.valueOf(e.getMessage()));
      }
    }
    if (problems.isEmpty()) {
      try {
        health.awaitHealthy(worked, before);
      } catch (RuntimeException | Error e) {
        problems.add(String.valueOf(e.getMessage()));
      }
    }
    forget(next());
    hook.unregister();
    return String.join("; ", problems);
  }

  private List<Retired> confirm() {
    List<Retired> out = new ArrayList<>();
    for (Member m : members) {
      BundleWiring wiring = m.previous().adapt(BundleWiring.class);
      out.add(
          new Retired(
              m.previous().getSymbolicName(),
              m.previous().getVersion().toString(),
              wiring == null ? null : wiring.getClassLoader()));
    }
    for (Member m : members) {
      kernel.retired(m.previous());
      kernel.inService(m.next(), m.jar());
    }
    members.reversed().forEach(m -> remove(m.previous()));
    forget(previous());
    hook.unregister();
    return out;
  }

  private static void remove(Bundle bundle) {
    try {
      bundle.uninstall();
    } catch (BundleException | IllegalStateException e) {
      LOG.error("{} cannot be uninstalled: {}", bundle, e.toString());
    }
  }

  /** Makes the framework drop uninstalled bundles, unless other bundles are wired to them. */
  private void forget(Set<Bundle> gone) {
    FrameworkWiring wiring = wiring();
    if (!gone.containsAll(wiring.getDependencyClosure(gone))) {
      LOG.warn("{} are still in use by {}", gone, wiring.getDependencyClosure(gone));
      return;
    }
    CountDownLatch done = new CountDownLatch(1);
    FrameworkListener listener = event -> done.countDown();
    wiring.refreshBundles(gone, listener);
    try {
      if (!done.await(REFRESH.toSeconds(), TimeUnit.SECONDS)) {
        LOG.warn("the framework does not drop {}", gone);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
