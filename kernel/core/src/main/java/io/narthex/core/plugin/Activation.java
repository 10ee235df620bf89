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
 * Puts versions of plugins into service and takes them out.
 *
 * <p>A version is installed and started <i>beside</i> the one that runs (the framework allows
 * several bundles of one name), then probed against the real configuration. Only then do the hosts
 * switch to it, drain the former version, and that one is taken out. Whatever goes wrong before the
 * switch leaves the former version running and untouched.
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
   * @param work folder for files of the moment
   * @param deaths is told of users' plugins that are started
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

  /** Sets whether calls into a plugin are trusted as those of the server's own are. */
  void trust(String id, boolean shipped) {
    guard.trust(id, shipped);
  }

  /**
   * Starts the new version beside the old, probes it, switches, takes the old out.
   *
   * @param jar a copy that nobody changes
   * @throws PluginException when it does not work; nothing has changed then
   */
  void activate(Plugin plugin, JarInfo info, Path jar) {
    activate(plugin, info, jar, jar, providers -> {});
  }

  /**
   * As {@link #activate(Plugin, JarInfo, Path)}.
   *
   * @param source what the copy was made of
   * @param accept throws when the new version may not take the place of the old; nothing has
   *     changed then
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
    Deployment former = plugin.deployment;
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
      registry.publish(info.id(), next.providers()); // all of it, or nothing has changed
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
    if (former != null) {
      uninstall(plugin.id, former);
    }
  }

  /** Returns the kind of an error that keeps a version from taking over. */
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

  /** Tells whether an exception comes out of the plugin's own code, by its innermost frame. */
  private static boolean isThrownByPlugin(Throwable e) {
    StackTraceElement[] stack = e.getStackTrace();
    return stack.length > 0
        && !stack[0].getClassName().startsWith("io.narthex.core.")
        && !stack[0].getClassName().startsWith("io.narthex.format.");
  }

  private static String place(Throwable e) {
    StackTraceElement[] stack = e.getStackTrace();
    return stack.length == 0 ? "" : " at " + stack[0];
  }

  /** Takes what runs of a plugin out of service, if anything does. */
  void takeOut(Plugin plugin) {
    Deployment deployment = plugin.deployment;
    if (deployment != null) {
      registry.withdraw(plugin.id); // what refuses leaves it running, and known
      plugin.deployment = null;
      uninstall(plugin.id, deployment);
    }
    deaths.over(plugin.id);
  }

  /** Takes a version out of the framework and its class loader under observation. */
  private void uninstall(String id, Deployment deployment) {
    leaks.watch(id, deployment.info.version(), deployment.uninstall(framework));
  }

  /** Ends the series of a plugin that is no longer there. */
  void forget(String id) {
    guard.metrics().forget(id);
    leaks.removed(id);
  }
}
