package io.narthex.core.plugin;

import io.narthex.config.yaml.RecordCheck;
import io.narthex.core.host.PluginCalls;
import io.narthex.core.host.PluginGuard;
import io.narthex.core.host.ProviderRegistry.Kind;
import io.narthex.core.host.ProviderRegistry.Provider;
import io.narthex.core.plugin.jars.Bundles;
import io.narthex.core.plugin.jars.JarInspector.JarInfo;
import io.narthex.core.plugin.jars.JarWrapper;
import io.narthex.service.plugins.PluginProblem;
import io.narthex.service.plugins.PluginService.PluginException;
import io.narthex.spi.discovery.DiscoveryProvider;
import io.narthex.spi.exporter.ExporterProvider;
import io.narthex.spi.function.FunctionProvider;
import io.narthex.spi.notifier.NotifierProvider;
import io.narthex.spi.storage.StorageProvider;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.Constants;
import org.osgi.framework.ServiceReference;
import org.osgi.framework.wiring.BundleWiring;
import org.osgi.framework.wiring.FrameworkWiring;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One version of a plugin as a bundle in the framework, from installation to uninstallation. */
final class Deployment {
  private static final Logger LOG = LoggerFactory.getLogger(Deployment.class);
  private static final Map<String, Kind> INTERFACES = new LinkedHashMap<>();

  static {
    INTERFACES.put(DiscoveryProvider.class.getName(), Kind.DISCOVERY);
    INTERFACES.put(ExporterProvider.class.getName(), Kind.EXPORTER);
    INTERFACES.put(NotifierProvider.class.getName(), Kind.NOTIFIER);
    INTERFACES.put(StorageProvider.class.getName(), Kind.STORAGE);
    INTERFACES.put(FunctionProvider.class.getName(), Kind.FUNCTION);
  }

  private static final String DELETED = " was given up: its file was deleted";

  final JarInfo info;
  final Bundle bundle;
  final long startedMs;
  volatile boolean isKept; // of a shipped one: whether a copy has been kept for undo
  private final List<ServiceReference<?>> used = new ArrayList<>();
  private List<Provider> providers = List.of();

  private Deployment(JarInfo info, Bundle bundle, long startedMs) {
    this.info = info;
    this.bundle = bundle;
    this.startedMs = startedMs;
  }

  /**
   * Installs and starts a jar alongside the version that runs.
   *
   * @param jar the plugin's jar
   * @param work folder for the bundle form of a plain jar
   * @param source where the jar came from; when it is deleted, the start is given up
   * @param givenUp receives the class loader of a plugin that did not start
   * @throws PluginException when it cannot be resolved or started in time; nothing is left behind
   *     then
   */
  static Deployment start(
      BundleContext framework,
      JarInfo info,
      Path jar,
      Path source,
      Path work,
      long nowMs,
      PluginGuard guard,
      Consumer<@Nullable ClassLoader> givenUp) {
    Bundle bundle = install(framework, info, jar, work);
    ClassLoader loader = resolvedLoader(framework, bundle);
    try {
      return guard.starting(
          info.id(),
          loader,
          "starting " + info.id(),
          () -> {
            bundle.start();
            Deployment deployment = new Deployment(info, bundle, nowMs);
            deployment.findProviders(framework);
            return deployment;
          },
          late -> late.uninstall(framework),
          () -> Files.exists(source) ? "" : DELETED);
    } catch (PluginCalls.PluginTimeoutException e) {
      // the framework waits for a bundle that is starting, so remove it on another thread
      Thread.ofVirtual().name("plugin remove " + info.id()).start(() -> remove(bundle));
      givenUp.accept(loader);
      throw new PluginException(
          e.isStopping() ? PluginProblem.STOPPING : PluginProblem.CRASHED,
          "failed to start: " + e.getMessage());
    } catch (PluginCalls.PluginErrorException e) {
      LOG.warn("plugin {} {} does not start", info.id(), info.version(), e.getCause());
      remove(bundle);
      givenUp.accept(loader);
      throw new PluginException(PluginProblem.CRASHED, "failed to start: " + e.getCause());
    } catch (RuntimeException | LinkageError e) {
      if (!(e instanceof PluginException)) {
        LOG.warn("plugin {} {} does not start", info.id(), info.version(), e);
      }
      PluginException why =
          e.getCause() instanceof BundleException b
              ? Bundles.notStarted(framework, bundle, b)
              : e instanceof PluginException p
                  ? p
                  : new PluginException(PluginProblem.CRASHED, "failed to start: " + e);
      remove(bundle);
      givenUp.accept(loader);
      throw why;
    }
  }

  /** Returns the class loader of a bundle before it starts, or null when it lacks something. */
  private static @Nullable ClassLoader resolvedLoader(BundleContext framework, Bundle bundle) {
    FrameworkWiring wirings = Bundles.wiring(framework);
    if (wirings == null || !wirings.resolveBundles(List.of(bundle))) {
      return null; // starting it reports why
    }
    BundleWiring wiring = bundle.adapt(BundleWiring.class);
    return wiring == null ? null : wiring.getClassLoader();
  }

  private static Bundle install(BundleContext framework, JarInfo info, Path jar, Path work) {
    Path image = jar;
    try {
      if (!info.bundle()) {
        image = work.resolve(info.id() + "-" + info.sha256().substring(0, 12) + ".bundle.jar");
        JarWrapper.wrap(jar, info, image);
      }
      try (InputStream in = Files.newInputStream(image)) {
        return framework.installBundle(
            "plugin:" + info.id() + ":" + info.sha256() + ":" + System.nanoTime(), in);
      } finally {
        if (!image.equals(jar)) {
          Files.deleteIfExists(image);
        }
      }
    } catch (BundleException e) {
      throw Bundles.failed(e);
    } catch (IOException | RuntimeException e) {
      throw new PluginException(PluginProblem.SERVER, "cannot be installed: " + e.getMessage());
    }
  }

  private static void remove(Bundle bundle) {
    try {
      bundle.uninstall();
    } catch (BundleException | IllegalStateException e) {
      LOG.error("plugin {} cannot be uninstalled: {}", bundle.getSymbolicName(), e.toString());
    }
  }

  private void findProviders(BundleContext framework) {
    List<Provider> found = new ArrayList<>();
    ServiceReference<?>[] registered = bundle.getRegisteredServices();
    if (registered != null) {
      for (ServiceReference<?> reference : registered) {
        for (String name : (String[]) reference.getProperty(Constants.OBJECTCLASS)) {
          Kind kind = INTERFACES.get(name);
          if (kind != null) {
            Object service = framework.getService(reference);
            if (service == null) {
              throw new PluginException(
                  PluginProblem.CRASHED,
                  "failed to start: its "
                      + name.substring(name.lastIndexOf('.') + 1)
                      + " cannot be created; see the log");
            }
            used.add(reference);
            found.add(new Provider(kind, type(kind, service), info.id(), service));
          }
        }
      }
    }
    if (found.isEmpty()) {
      info.services()
          .forEach((name, classes) -> classes.forEach(c -> found.add(instantiate(name, c))));
    }
    if (found.isEmpty()) {
      throw new PluginException(
          PluginProblem.INVALID, "offers no discovery, exporter, notifier, storage or function");
    }
    found.forEach(Deployment::checkRecords);
    providers = List.copyOf(found);
  }

  /** Refuses records that no block could be bound to. */
  private static void checkRecords(Provider provider) {
    List<@Nullable Class<?>> records = new ArrayList<>();
    switch (provider.service()) {
      case DiscoveryProvider<?> p -> records.add(p.configType());
      case ExporterProvider<?> p -> records.add(p.configType());
      case NotifierProvider<?, ?> p -> {
        records.add(p.configType());
        records.add(p.globalConfigType());
      }
      case StorageProvider<?> p -> records.add(p.configType());
      default -> {} // functions have no settings
    }
    for (Class<?> type : records) {
      String problem = RecordCheck.problem(type);
      if (!problem.isEmpty()) {
        throw new PluginException(
            PluginProblem.INVALID, "settings of " + provider.label() + ": " + problem);
      }
    }
  }

  private Provider instantiate(String interfaceName, String className) {
    Kind kind = INTERFACES.get(interfaceName);
    if (kind == null) {
      throw new PluginException(
          PluginProblem.INVALID,
          "names the service " + interfaceName + ", which this server does not know");
    }
    try {
      Object service = bundle.loadClass(className).getDeclaredConstructor().newInstance();
      return new Provider(kind, type(kind, service), info.id(), service);
    } catch (ReflectiveOperationException | LinkageError | ClassCastException e) {
      Throwable cause =
          e instanceof java.lang.reflect.InvocationTargetException && e.getCause() != null
              ? e.getCause()
              : e;
      LOG.warn("plugin {}: {} cannot be created", info.id(), className, cause);
      throw new PluginException(
          PluginProblem.CRASHED,
          "failed to start: " + className + " cannot be created: " + withCause(cause));
    }
  }

  /**
   * Returns an error with its cause where it has no message of its own, as in class initialisers.
   */
  static String withCause(Throwable e) {
    Throwable cause = e.getCause();
    return e instanceof ExceptionInInitializerError && cause != null
        ? cause + " (while its class was initialised)"
        : e.toString();
  }

  private static String type(Kind kind, Object service) {
    String type = declaredType(kind, service);
    if (type == null || !type.matches("[a-z][a-z0-9_]*")) {
      throw new PluginException(
          PluginProblem.INVALID,
          "the type of its "
              + kind.name().toLowerCase(Locale.ROOT)
              + " must be lower-case letters, digits and _, got \""
              + type
              + "\"");
    }
    return type;
  }

  private static @Nullable String declaredType(Kind kind, Object service) {
    return switch (kind) {
      case DISCOVERY -> ((DiscoveryProvider<?>) service).type();
      case EXPORTER -> ((ExporterProvider<?>) service).type();
      case NOTIFIER -> ((NotifierProvider<?, ?>) service).type();
      case STORAGE -> ((StorageProvider<?>) service).type();
      case FUNCTION -> ((FunctionProvider) service).type();
    };
  }

  /** Returns the providers of the plugin. */
  List<Provider> providers() {
    return providers;
  }

  /** Stops and uninstalls the bundle; returns its class loader for the leak meter. */
  @Nullable ClassLoader uninstall(BundleContext framework) {
    BundleWiring wiring = bundle.adapt(BundleWiring.class);
    ClassLoader loader = wiring == null ? null : wiring.getClassLoader();
    providers = List.of();
    used.forEach(framework::ungetService);
    used.clear();
    remove(bundle);
    return loader;
  }
}
