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
 * <p><b>Set.</b> With the bundle go those that are wired to it, as second copies of their own jars:
 * so the old ones stay resolved and can be started again as they were, and no bundle is refreshed.
 *
 * <p><b>Order.</b> {@link #prepare} installs and resolves the new ones and touches nothing that
 * runs. {@link #perform} starts those that may run beside their predecessor, stops the old ones,
 * starts the rest, and looks whether everything works that worked before; else all goes back.
 *
 * <p>Used by one thread at a time.
 */
final class KernelSwap {
  private static final Logger LOG = LoggerFactory.getLogger(KernelSwap.class);

  /** How long a bundle may take to start and to stop. */
  record Limits(Duration start, Duration stop) {
    static final Limits DEFAULT = new Limits(Duration.ofSeconds(30), Duration.ofSeconds(60));
  }

  private static final Duration REFRESH = Duration.ofSeconds(15);

  /** Header with what is special about replacing a bundle, comma-separated. */
  private static final String HEADER = "Narthex-Swap";

  /** It is started beside its predecessor; without this, after that one has been stopped. */
  private static final String BESIDE = "beside";

  /** The order to replace it comes through it. */
  private static final String AFTER_ANSWER = "after-answer";

  /** A bundle that goes and the one that comes for it. */
  record Member(Bundle former, Bundle next, Path jar) {
    boolean beside() {
      return says(former, BESIDE) && says(next, BESIDE);
    }

    private static boolean says(Bundle bundle, String word) {
      String words = bundle.getHeaders().get(HEADER);
      return words != null && List.of(words.split("\\s*,\\s*")).contains(word);
    }
  }

  /** A version that has been taken out. */
  record Former(String id, String version, @Nullable ClassLoader loader) {}

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
            ResolverHookFactory.class, new KernelResolution(formers(), nexts()), null);
  }

  private Set<Bundle> formers() {
    Set<Bundle> out = new LinkedHashSet<>();
    members.forEach(m -> out.add(m.former()));
    return out;
  }

  private Set<Bundle> nexts() {
    Set<Bundle> out = new LinkedHashSet<>();
    members.forEach(m -> out.add(m.next()));
    return out;
  }

  List<Member> members() {
    return members;
  }

  /** Tells whether the answer to the order must have gone before the replacement begins. */
  boolean afterAnswer() {
    return members.stream()
        .anyMatch(
            m -> Member.says(m.former(), AFTER_ANSWER) || Member.says(m.next(), AFTER_ANSWER));
  }

  /**
   * Installs a new version and copies of what is wired to the old one, and resolves them.
   *
   * @throws PluginException when it does not fit; nothing has changed then
   */
  static KernelSwap prepare(
      BundleContext framework, KernelBundles kernel, KernelHealth health, Bundle former, Path jar) {
    return prepare(framework, kernel, health, Limits.DEFAULT, former, jar);
  }

  /** As the other one, with limits of one's own. */
  static KernelSwap prepare(
      BundleContext framework,
      KernelBundles kernel,
      KernelHealth health,
      Limits limits,
      Bundle former,
      Path jar) {
    Map<Bundle, Path> sources = new LinkedHashMap<>();
    for (Bundle bundle : KernelBundles.withDependents(former)) {
      Path source = bundle.equals(former) ? jar : kernel.jar(bundle);
      if (source == null || !Files.isReadable(source)) {
        throw new PluginException(
            "the jar of " + bundle.getSymbolicName() + ", which depends on it, is not there");
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
      swap.resolve(former);
      return swap;
    } catch (PluginException e) {
      swap.cancel();
      throw e;
    }
  }

  private static Bundle install(BundleContext framework, Bundle former, Path source) {
    try (InputStream in = Files.newInputStream(source)) {
      return framework.installBundle(
          KernelBundles.LOCATION + former.getSymbolicName() + ":" + System.nanoTime(), in);
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
    Set<Bundle> formers = formers();
    for (Member m : members) {
      BundleRevision revision = m.next().adapt(BundleRevision.class);
      for (BundleRequirement requirement : revision.getDeclaredRequirements(null)) {
        if (Bundles.isMandatory(requirement) && !provided(requirement, formers)) {
          String need = Bundles.inWords(requirement);
          throw new PluginException(
              PluginProblem.NEEDS,
              m.former().equals(target)
                  ? need
                  : m.former().getSymbolicName()
                      + " "
                      + need
                      + "; the new version no longer offers what others use");
        }
      }
    }
    if (!wiring().resolveBundles(nexts())) {
      throw new PluginException(
          "cannot be resolved: its packages contradict those that others use");
    }
    for (Member m : members) {
      BundleWiring wired = m.next().adapt(BundleWiring.class);
      List<BundleWire> wires = wired == null ? null : wired.getRequiredWires(null);
      for (BundleWire wire : wires == null ? List.<BundleWire>of() : wires) {
        if (formers.contains(wire.getProvider().getBundle())) {
          throw new PluginException(
              "cannot be resolved: " + m.next() + " is wired to " + wire.getProvider());
        }
      }
    }
  }

  private boolean provided(BundleRequirement requirement, Set<Bundle> formers) {
    Collection<BundleCapability> found = wiring().findProviders(requirement);
    return found.stream().anyMatch(c -> !formers.contains(c.getRevision().getBundle()));
  }

  /** Takes the new ones out again. */
  void cancel() {
    for (Member m : members.reversed()) {
      remove(m.next());
    }
    forget(nexts());
    hook.unregister();
  }

  /**
   * Replaces.
   *
   * @return the versions that have been taken out
   * @throws PluginException when the new ones do not work; the former ones are in charge again
   *     then, unless {@link #isStuck}
   */
  List<Former> perform() {
    List<Bundle> before = kernel.all();
    Set<String> worked = health.healthy(before);
    List<Bundle> after = new ArrayList<>(before);
    after.removeAll(formers());
    after.addAll(nexts());
    Map<Member, Set<String>> troubled = new LinkedHashMap<>();
    Map<Member, Set<String>> offered = new LinkedHashMap<>();
    for (Member m : members) {
      troubled.put(m, health.troubled(m.former()));
      offered.put(m, KernelHealth.offered(m.former()));
    }
    try {
      for (boolean beside : new boolean[] {true, false}) {
        if (!beside) {
          members.reversed().stream().filter(m -> !m.beside()).forEach(m -> stop(m.former()));
          members.reversed().stream().filter(Member::beside).forEach(m -> stop(m.former()));
        }
        List<Member> some = members.stream().filter(m -> m.beside() == beside).toList();
        some.forEach(m -> start(framework, m.next(), limits.start()));
        for (Member m : some) {
          health.verify(
              m.next(), troubled.getOrDefault(m, Set.of()), offered.getOrDefault(m, Set.of()));
        }
      }
      health.awaitHealthy(others(worked), after);
    } catch (RuntimeException | Error e) {
      String problem = goBack(worked, before); // whatever it threw: half a replacement is worse
      String cause =
          e instanceof PluginException || e instanceof PluginCalls.PluginTimeoutException
              ? String.valueOf(e.getMessage())
              : "failed to start: " + e;
      stuck = !problem.isEmpty();
      throw new PluginException(
          stuck
              ? cause + "; what ran before does not work again: " + problem + "; restart the server"
              : cause);
    }
    return confirm();
  }

  /** Tells whether neither the new versions work nor, any more, those before. */
  boolean isStuck() {
    return stuck;
  }

  /** Returns the components that are not of the members: those may change their names. */
  private Set<String> others(Set<String> components) {
    Set<String> out = new LinkedHashSet<>(components);
    members.forEach(m -> out.removeIf(c -> c.startsWith(m.former().getSymbolicName() + "/")));
    return out;
  }

  /**
   * Starts a bundle, unless it runs.
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

  /** Puts the former versions in charge again; returns what is wrong with that, or empty. */
  private String goBack(Set<String> worked, List<Bundle> before) {
    for (Member m : members.reversed()) {
      // the framework waits for a bundle that is being started, so this must not be our thread
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
        if (m.former().getState() != Bundle.ACTIVE) {
          start(framework, m.former(), limits.start());
        }
      } catch (RuntimeException | Error e) {
        problems.add(
            m.former().getState() == Bundle.STOPPING
                ? m.former().getSymbolicName() + " is still stopping"
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
    forget(nexts());
    hook.unregister();
    return String.join("; ", problems);
  }

  private List<Former> confirm() {
    List<Former> out = new ArrayList<>();
    for (Member m : members) {
      BundleWiring wiring = m.former().adapt(BundleWiring.class);
      out.add(
          new Former(
              m.former().getSymbolicName(),
              m.former().getVersion().toString(),
              wiring == null ? null : wiring.getClassLoader()));
    }
    for (Member m : members) {
      kernel.gone(m.former());
      kernel.inCharge(m.next(), m.jar());
    }
    members.reversed().forEach(m -> remove(m.former()));
    forget(formers());
    hook.unregister();
    return out;
  }

  private static void remove(Bundle bundle) {
    try {
      bundle.uninstall();
    } catch (BundleException | IllegalStateException e) {
      LOG.error("{} cannot be taken out: {}", bundle, e.toString());
    }
  }

  /** Has the framework let go of uninstalled bundles; nobody else may be wired to them. */
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
        LOG.warn("the framework does not let go of {}", gone);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
