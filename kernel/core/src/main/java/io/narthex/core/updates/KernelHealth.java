package io.narthex.core.updates;

import io.narthex.core.host.PluginCalls;
import io.narthex.service.alerts.AlertmanagerService;
import io.narthex.service.config.ReloadListener;
import io.narthex.service.plugins.PluginService.PluginException;
import io.narthex.service.query.QueryEngine;
import io.narthex.service.query.QueryResult.Data;
import io.narthex.service.rules.RuleService;
import io.narthex.service.targets.TargetService;
import io.narthex.service.template.TemplateService;
import io.narthex.service.web.WebContent;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.framework.ServiceReference;
import org.osgi.service.component.runtime.ServiceComponentRuntime;
import org.osgi.service.component.runtime.dto.ComponentConfigurationDTO;
import org.osgi.service.component.runtime.dto.ComponentDescriptionDTO;
import org.osgi.service.component.runtime.dto.ReferenceDTO;
import org.osgi.service.component.runtime.dto.UnsatisfiedReferenceDTO;

/** Checks whether bundles of the server work: components, services, a small trial. */
final class KernelHealth {
  private static final Duration PATIENCE = Duration.ofSeconds(15);
  private static final long POLL_MILLIS = 20;

  private static final Duration TRIAL = Duration.ofSeconds(30);

  private final BundleContext framework;
  private final Duration trial;
  private volatile Function<ReloadListener, @Nullable String> configurationProblem = l -> null;

  KernelHealth(BundleContext framework) {
    this(framework, TRIAL);
  }

  /**
   * Creates a checker.
   *
   * @param trial how long the services of a bundle may take for their trials
   */
  KernelHealth(BundleContext framework, Duration trial) {
    this.framework = framework;
    this.trial = trial;
  }

  /** Sets a function that returns why a listener could not apply the configuration, or null. */
  void configurationProblem(Function<ReloadListener, @Nullable String> problem) {
    configurationProblem = problem;
  }

  /** What is wrong with a component; {@code passing} when it may still start by itself. */
  private record Problem(String text, boolean passing) {}

  /** Returns the components of a bundle with their problem, or null. */
  private Map<String, @Nullable Problem> components(Bundle bundle) {
    Map<String, @Nullable Problem> out = new LinkedHashMap<>();
    ServiceReference<ServiceComponentRuntime> reference =
        framework.getServiceReference(ServiceComponentRuntime.class);
    ServiceComponentRuntime runtime = reference == null ? null : framework.getService(reference);
    if (runtime == null) {
      return out;
    }
    try {
      for (ComponentDescriptionDTO component : runtime.getComponentDescriptionDTOs(bundle)) {
        Problem problem = new Problem("is switched off", false);
        for (ComponentConfigurationDTO configuration :
            runtime.getComponentConfigurationDTOs(component)) {
          problem = problem(component, configuration);
        }
        out.put(component.name, problem);
      }
    } finally {
      framework.ungetService(reference);
    }
    return out;
  }

  private static @Nullable Problem problem(
      ComponentDescriptionDTO component, ComponentConfigurationDTO configuration) {
    return switch (configuration.state) {
      case ComponentConfigurationDTO.ACTIVE, ComponentConfigurationDTO.SATISFIED -> null;
      case ComponentConfigurationDTO.FAILED_ACTIVATION ->
          new Problem(cause(configuration.failure), false);
      case ComponentConfigurationDTO.UNSATISFIED_REFERENCE -> {
        Map<String, String> interfaces = new HashMap<>();
        for (ReferenceDTO reference : component.references) {
          interfaces.put(reference.name, reference.interfaceName);
        }
        Set<String> absent = new TreeSet<>();
        for (UnsatisfiedReferenceDTO reference : configuration.unsatisfiedReferences) {
          String name = interfaces.getOrDefault(reference.name, reference.name);
          absent.add(name.substring(name.lastIndexOf('.') + 1));
        }
        yield new Problem("waits for " + String.join(", ", absent), true);
      }
      default -> new Problem("is not configured", false);
    };
  }

  /** Returns the innermost cause in a printed stack trace, in one line. */
  private static String cause(@Nullable String trace) {
    if (trace == null || trace.isBlank()) {
      return "failed to start; see the log";
    }
    String text = "";
    for (String line : trace.split("\n", -1)) {
      if (text.isEmpty() || line.startsWith("Caused by: ")) {
        text = line.replaceFirst("^Caused by: ", "").strip();
      }
    }
    return text;
  }

  /**
   * The condition of a bundle.
   *
   * @param text the problem; empty when there is none
   */
  record Condition(Kind kind, String text) {
    /** For code to decide by. */
    enum Kind {
      /** Its components work. */
      WELL,
      /** A component waits for a service. */
      WAITS,
      /** It is not active, or a component failed. */
      BROKEN
    }

    static final Condition ALL_WELL = new Condition(Kind.WELL, "");

    boolean isWell() {
      return kind == Kind.WELL;
    }
  }

  /** Returns the condition of a bundle. */
  Condition condition(Bundle bundle) {
    if (bundle.getHeaders().get(Constants.FRAGMENT_HOST) == null
        && bundle.getState() != Bundle.ACTIVE) {
      return new Condition(Condition.Kind.BROKEN, "the bundle is not active");
    }
    List<String> problems = new ArrayList<>();
    Condition.Kind kind = Condition.Kind.BROKEN;
    for (Map.Entry<String, @Nullable Problem> e : components(bundle).entrySet()) {
      Problem problem = e.getValue();
      if (problem != null) {
        String name = e.getKey();
        problems.add(name.substring(name.lastIndexOf('.') + 1) + " " + problem.text());
        kind = problem.passing() ? Condition.Kind.WAITS : kind;
      }
    }
    return problems.isEmpty()
        ? Condition.ALL_WELL
        : new Condition(kind, String.join("; ", problems));
  }

  /** Returns the problem of a bundle, or empty. */
  private String problem(Bundle bundle) {
    return condition(bundle).text();
  }

  /** Returns the components of bundles that have no problem, as {@code bundle/component}. */
  Set<String> healthy(List<Bundle> bundles) {
    Set<String> out = new TreeSet<>();
    for (Bundle bundle : bundles) {
      components(bundle)
          .forEach((name, problem) -> {
            if (problem == null) {
              out.add(bundle.getSymbolicName() + "/" + name);
            }
          });
    }
    return out;
  }

  /**
   * Waits until the components that worked before work again.
   *
   * @throws PluginException when some do not
   */
  void awaitHealthy(Set<String> before, List<Bundle> bundles) {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (true) {
      Set<String> broken = new TreeSet<>(before);
      broken.removeAll(healthy(bundles));
      if (broken.isEmpty()) {
        return;
      }
      if (System.nanoTime() > end) {
        StringBuilder why = new StringBuilder();
        for (Bundle bundle : bundles) {
          if (broken.stream().anyMatch(b -> b.startsWith(bundle.getSymbolicName() + "/"))) {
            why.append(why.isEmpty() ? "" : "; ")
                .append(bundle.getSymbolicName())
                .append(": ")
                .append(problem(bundle));
          }
        }
        throw new PluginException("other bundles do not work with it: " + why);
      }
      pause();
    }
  }

  private static void pause() {
    try {
      Thread.sleep(POLL_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new PluginException("the server is stopping");
    }
  }

  /** Returns the interfaces of the services a bundle offers. */
  static Set<String> offered(Bundle bundle) {
    Set<String> out = new TreeSet<>();
    ServiceReference<?>[] references = bundle.getRegisteredServices();
    if (references != null) {
      for (ServiceReference<?> reference : references) {
        out.addAll(List.of((String[]) reference.getProperty(Constants.OBJECTCLASS)));
      }
    }
    return out;
  }

  /**
   * Checks that a started version works as its predecessor did.
   *
   * @param troubled components of the predecessor that did not work either
   * @param offered interfaces of the services the predecessor offered
   * @throws PluginException when it does not
   */
  void verify(Bundle next, Set<String> troubled, Set<String> offered) {
    awaitComponents(next, troubled);
    Set<String> missing = new TreeSet<>(offered);
    missing.removeAll(offered(next));
    if (!missing.isEmpty()) {
      throw new PluginException(
          "self-test failed: it does not offer " + String.join(", ", missing));
    }
    useServices(
        next,
        service -> {
          checkConfiguration(service);
          attempt(service);
        });
  }

  /**
   * Checks that a bundle that was started with the server works. A component that waits for a
   * service is not a failure: the bundle that offers it may be missing.
   *
   * @throws PluginException when it does not
   */
  void verifyStarted(Bundle bundle) {
    for (Problem problem : components(bundle).values()) {
      if (problem != null && !problem.passing()) {
        throw new PluginException("failed to start: " + problem(bundle));
      }
    }
    useServices(bundle, this::attempt);
  }

  /**
   * Uses the services of a bundle on a thread of its own with a deadline: a new version that hangs
   * must not block the rollback.
   */
  private void useServices(Bundle bundle, Consumer<Object> use) {
    try {
      PluginCalls.within(
          trial,
          "the trial of " + bundle.getSymbolicName(),
          () -> {
            useAll(bundle, use);
            return true;
          },
          late -> {});
    } catch (PluginCalls.PluginTimeoutException e) {
      throw new PluginException("self-test failed: " + e.getMessage());
    } catch (Error e) {
      throw new PluginException("self-test failed: " + e);
    }
  }

  private void useAll(Bundle bundle, Consumer<Object> use) {
    ServiceReference<?>[] references = bundle.getRegisteredServices();
    for (ServiceReference<?> reference :
        references == null ? new ServiceReference<?>[0] : references) {
      Object service = framework.getService(reference);
      try {
        if (service == null) {
          String why = problem(bundle);
          throw new PluginException(
              "failed to start: " + (why.isEmpty() ? "a service cannot be created" : why));
        }
        use.accept(service);
      } finally {
        framework.ungetService(reference);
      }
    }
  }

  /** Returns the components of a bundle that do not work. */
  Set<String> troubled(Bundle bundle) {
    Set<String> out = new TreeSet<>();
    components(bundle)
        .forEach((name, problem) -> {
          if (problem != null) {
            out.add(name);
          }
        });
    return out;
  }

  private void awaitComponents(Bundle next, Set<String> troubled) {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (true) {
      Map<String, @Nullable Problem> components = components(next);
      if (components.isEmpty() && next.getHeaders().get("Service-Component") != null) {
        throw new PluginException("failed to start: its components cannot be read; see the log");
      }
      boolean wait = false;
      for (Map.Entry<String, @Nullable Problem> e : components.entrySet()) {
        Problem problem = e.getValue();
        if (problem == null || troubled.contains(e.getKey())) {
          continue;
        }
        if (!problem.passing() || System.nanoTime() > end) {
          throw new PluginException("failed to start: " + problem(next));
        }
        wait = true;
      }
      if (!wait) {
        return;
      }
      pause();
    }
  }

  private void checkConfiguration(Object service) {
    if (service instanceof ReloadListener listener) {
      String problem = configurationProblem.apply(listener);
      if (problem != null) {
        throw new PluginException("self-test failed: the configuration: " + problem);
      }
    }
  }

  /** Uses a service once, without side effects. */
  private void attempt(Object service) {
    String outcome;
    try {
      outcome = trial(service);
    } catch (IOException | RuntimeException | LinkageError e) {
      throw new PluginException("self-test failed: " + e);
    }
    if (!outcome.isEmpty()) {
      throw new PluginException("self-test failed: " + outcome);
    }
  }

  private String trial(Object service) throws IOException {
    if (service instanceof QueryEngine engine) {
      Data data = engine.instant("1 + 1", 0, QueryEngine.Options.DEFAULT).data();
      if (!(data instanceof Data.Scalar(long _, double value)) || value != 2) {
        return "1 + 1 is " + data;
      }
    }
    if (service instanceof RuleService rules) {
      rules.groups();
    }
    if (service instanceof TargetService targets) {
      targets.pools();
    }
    if (service instanceof TemplateService templates) {
      templates.builtIn();
    }
    if (service instanceof AlertmanagerService alerts) {
      alerts.status();
      alerts.routes();
    }
    if (service instanceof WebContent web) {
      try (InputStream page = web.open("index.html")) {
        return page == null ? "it has no index.html" : "";
      }
    }
    return "";
  }
}
