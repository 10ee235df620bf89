package io.narthex.core.plugin.jars;

import io.narthex.service.plugins.PluginProblem;
import io.narthex.service.plugins.PluginService.PluginException;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.Constants;
import org.osgi.framework.namespace.ExecutionEnvironmentNamespace;
import org.osgi.framework.wiring.BundleRequirement;
import org.osgi.framework.wiring.BundleRevision;
import org.osgi.framework.wiring.FrameworkWiring;

/** Describes bundles for users: what one requires, why it does not start, its state. */
public final class Bundles {
  private static final Pattern PACKAGE =
      Pattern.compile("osgi\\.wiring\\.package=([\\w.]+)\\)(?:\\(version>=([\\w.]+)\\))?", 0);

  private Bundles() {}

  /** Returns how bundles of a framework are wired. */
  public static FrameworkWiring wiring(BundleContext framework) {
    return framework.getBundle(Constants.SYSTEM_BUNDLE_LOCATION).adapt(FrameworkWiring.class);
  }

  /** Returns whether a bundle cannot be resolved without what it requires. */
  public static boolean isMandatory(BundleRequirement requirement) {
    Map<String, String> directives = requirement.getDirectives();
    return !"optional".equals(directives.get("resolution"))
        && !"dynamic".equals(directives.get("resolution"))
        && "resolve".equals(directives.getOrDefault("effective", "resolve"));
  }

  /** Describes an unsatisfied requirement for users. */
  public static String inWords(BundleRequirement requirement) {
    String filter = requirement.getDirectives().getOrDefault("filter", "");
    Matcher wanted = PACKAGE.matcher(filter);
    if (wanted.find()) {
      String name = wanted.group(1);
      String version =
          wanted.group(2) == null ? "" : " in version " + wanted.group(2) + " or newer";
      return name.startsWith("io.narthex.")
          ? "needs the API package "
              + name
              + version
              + ", which this server does not have; use a build of the plugin for this server"
          : "needs package "
              + name
              + version
              + ", which no bundle exports; embed the library in the plugin";
    }
    return requirement
            .getNamespace()
            .equals(ExecutionEnvironmentNamespace.EXECUTION_ENVIRONMENT_NAMESPACE)
        ? "needs a newer Java than " + Runtime.version().feature()
        : "needs " + filter;
  }

  /** Describes the first unsatisfied requirement of a bundle, or returns null. */
  private static @Nullable String missing(BundleContext framework, Bundle bundle) {
    BundleRevision revision = bundle.adapt(BundleRevision.class);
    FrameworkWiring wiring = wiring(framework);
    if (revision == null || wiring == null) {
      return null;
    }
    for (BundleRequirement requirement : revision.getDeclaredRequirements(null)) {
      if (isMandatory(requirement) && wiring.findProviders(requirement).isEmpty()) {
        return inWords(requirement);
      }
    }
    return null;
  }

  /** Returns why a bundle does not start. */
  public static PluginException notStarted(
      BundleContext framework, Bundle bundle, BundleException e) {
    String missing =
        e.getType() == BundleException.RESOLVE_ERROR ? missing(framework, bundle) : null;
    return missing == null ? failed(e) : new PluginException(PluginProblem.NEEDS, missing);
  }

  /** Returns the framework's error for users. */
  public static PluginException failed(BundleException e) {
    Throwable cause = e.getCause();
    return new PluginException(
        PluginProblem.CRASHED,
        "failed to start: " + e.getMessage() + (cause == null ? "" : ": " + cause));
  }

  /** Returns the framework's word for the bundle's state. */
  public static String state(Bundle bundle) {
    return switch (bundle.getState()) {
      case Bundle.ACTIVE -> "ACTIVE";
      case Bundle.RESOLVED -> "RESOLVED";
      case Bundle.INSTALLED -> "INSTALLED";
      case Bundle.STARTING -> "STARTING";
      case Bundle.STOPPING -> "STOPPING";
      default -> "UNINSTALLED";
    };
  }
}
