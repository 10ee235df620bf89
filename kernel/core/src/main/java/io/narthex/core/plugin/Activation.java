package io.narthex.core.plugin;

import io.narthex.core.host.PluginCalls.PluginErrorException;
import io.narthex.core.host.PluginCalls.PluginTimeoutException;
import io.narthex.core.host.PluginGuard;
import io.narthex.core.host.ProviderRegistry;
import io.narthex.core.host.ProviderRegistry.Provider;
import io.narthex.core.host.ProviderRegistry.TakenException;
import io.narthex.core.plugin.jars.JarInspector.JarInfo;
import io.narthex.core.plugin.leaks.LeakMeter;
import io.narthex.core.plugin.state.Deaths;
import io.narthex.service.plugins.PluginProblem;
import io.narthex.service.plugins.PluginService.PluginException;
import io.narthex.spi.config.ConfigException;
import io.narthex.spi.storage.StorageException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.function.Consumer;
import org.osgi.framework.BundleContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts versions of plugins into service and takes them out of it.
 *
 * <p>A version is installed and started <i>alongside</i> the one that runs (the framework allows
 * several bundles of one name), then probed with the configuration in effect. Only then do the
 * hosts switch to it and drain the previous version, which is then uninstalled. A failure before
 * the switch leaves the previous version running and untouched.
 *
 * <p>Called with {@link PluginTable#changes} held.
 */
final class Activation {
  private static final Logger LOG = LoggerFactory.getLogger(Activation.class);

  private final BundleContext framework;
  private final ProviderRegistry registry;
  private final PluginGuard guard;
  private final LeakMeter leaks;
  private final Clock clock;
  private final Path work;
  private final Deaths deaths;

  /**
   * Creates one.
   *
   * @param framework context to install bundles with
   * @param work folder for temporary files
   * @param deaths is notified of the start of users' plugins
   */
  Activation(
      BundleContext framework,
      ProviderRegistry registry,
      PluginGuard guard,
      LeakMeter leaks,
      Clock clock,
      Path work,
      Deaths deaths) {
    this.framework = framework;
    this.registry = registry;
    this.guard = guard;
    this.leaks = leaks;
    this.clock = clock;
    this.work = work;
    this.deaths = deaths;
  }

  /** Sets whether a plugin is trusted like those shipped with the server. */
  void trust(String id, boolean shipped) {
    guard.trust(id, shipped);
  }

  /**
   * Starts the new version alongside the old one, probes it, switches, uninstalls the old one.
   *
   * @param jar a copy that does not change
   * @throws PluginException when the new version does not work; nothing has changed then
   */
  void activate(Plugin plugin, JarInfo info, Path jar) {
    activate(plugin, info, jar, jar, providers -> {});
  }

  /**
   * As {@link #activate(Plugin, JarInfo, Path)}.
   *
   * @param source what the copy was made of
   * @param accept throws when the new version may not replace the old one; nothing has changed then
   */
  void activate(
      Plugin plugin, JarInfo info, Path jar, Path source, Consumer<List<Provider>> accept) {
    boolean watched = !guard.isTrusted(plugin.id);
    if (watched) {
      deaths.starting(plugin.id, info.sha256());
    }
    try {
      replace(plugin, info, jar, source, accept);
    } catch (Throwable e) {
      deaths.over(plugin.id);
      throw e;
    }
    deaths.started(plugin.id);
  }

  private void replace(
      Plugin plugin, JarInfo info, Path jar, Path source, Consumer<List<Provider>> accept) {
    Deployment previous = plugin.deployment;
    Deployment next =
        Deployment.start(
            framework,
            info,
            jar,
            source,
            work,
            clock.millis(),
            guard,
            loader -> leaks.watch(info.id(), info.version(), loader));
    try {
      accept.accept(next.providers());
      registry.probe(next.providers());
      registry.publish(info.id(), next.providers()); // all providers or none
    } catch (PluginException e) {
      uninstall(plugin.id, next);
      throw e;
    } catch (RuntimeException | Error e) {
      uninstall(plugin.id, next);
      if (!isForUsers(e)) {
        LOG.warn("plugin {} {} fails its self-test", info.id(), info.version(), e);
      }
      throw new PluginException(reason(e), inWords(e));
    }
    plugin.deployment = next;
    if (previous != null) {
      uninstall(plugin.id, previous);
    }
  }

  /** Returns the kind of an error that prevented a switch. */
  static PluginProblem reason(Throwable e) {
    return switch (e) {
      case PluginTimeoutException t when t.isStopping() -> PluginProblem.STOPPING;
      case PluginTimeoutException _ -> PluginProblem.CRASHED;
      case TakenException _ -> PluginProblem.TAKEN;
      case ConfigException _ -> PluginProblem.SETTINGS;
      case StorageException _ -> PluginProblem.SERVER;
      default -> isForUsers(e) ? PluginProblem.INVALID : PluginProblem.CRASHED;
    };
  }

  /** Packages of kernel-core and of the libraries that its calls into a plugin may run through. */
  private static final List<String> HOST =
      List.of(
          "io.narthex.core.",
          "io.narthex.text.",
          "io.narthex.config.",
          "io.narthex.relabel.",
          "io.narthex.exposition.",
          "io.narthex.httpclient.");

  private static String inWords(Throwable e) {
    if (e instanceof PluginTimeoutException || e instanceof PluginErrorException) {
      return "self-test failed: " + e.getMessage();
    }
    return isForUsers(e)
        ? String.valueOf(e.getMessage())
        : "self-test failed: " + Deployment.withCause(e) + place(e);
  }

  private static boolean isForUsers(Throwable e) {
    return e instanceof ConfigException
        || e instanceof StorageException
        || (e instanceof IllegalStateException && !isThrownByPlugin(e));
  }

  /** Returns whether an exception was thrown by the plugin's own code, by its innermost frame. */
  private static boolean isThrownByPlugin(Throwable e) {
    StackTraceElement[] stack = e.getStackTrace();
    return stack.length > 0 && HOST.stream().noneMatch(stack[0].getClassName()::startsWith);
  }

  private static String place(Throwable e) {
    StackTraceElement[] stack = e.getStackTrace();
    return stack.length == 0 ? "" : " at " + stack[0];
  }

  /** Takes a plugin out of service, if it runs. */
  void deactivate(Plugin plugin) {
    Deployment deployment = plugin.deployment;
    if (deployment != null) {
      registry.withdraw(plugin.id); // when a host refuses, it stays in service
      plugin.deployment = null;
      uninstall(plugin.id, deployment);
    }
    deaths.over(plugin.id);
  }

  /** Uninstalls a version and watches its class loader for leaks. */
  private void uninstall(String id, Deployment deployment) {
    leaks.watch(id, deployment.info.version(), deployment.uninstall(framework));
  }

  /** Ends the series of a removed plugin. */
  void forget(String id) {
    guard.metrics().forget(id);
    leaks.removed(id);
  }
}
