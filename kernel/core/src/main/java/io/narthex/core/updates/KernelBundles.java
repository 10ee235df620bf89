package io.narthex.core.updates;

import io.narthex.core.plugin.jars.JarFiles;
import io.narthex.core.plugin.jars.JarInspector;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.jar.Attributes;
import java.util.jar.JarFile;
import java.util.jar.Manifest;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.wiring.BundleWire;
import org.osgi.framework.wiring.BundleWiring;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The bundles of the server itself: those of {@code lib/system} and {@code lib/kernel}, or the
 * updates that run instead. Thread-safe.
 */
final class KernelBundles {
  private static final Logger LOG = LoggerFactory.getLogger(KernelBundles.class);

  /** Prefix of the locations of bundles installed by an update. */
  static final String LOCATION = "kernel:";

  /** What does not work without an optional bundle, by symbolic name. */
  private static final Map<String, String> PARTS =
      Map.of(
          "io.narthex.scrape", "nothing is scraped",
          "io.narthex.query", "queries and rules get no answer",
          "io.narthex.rules", "rules are not evaluated",
          "io.narthex.template", "alerts and notifications have no templates, so rules do not run",
          "io.narthex.alerting", "alerts are shown but nobody is notified, and there is no /api/v2",
          "io.narthex.http", "there is no API",
          "io.narthex.web", "there are no pages, only the API");

  private final BundleContext framework;
  private final Map<Long, Path> jars = new ConcurrentHashMap<>(); // of bundles installed by updates
  private final Map<Long, String> digests = new ConcurrentHashMap<>();

  KernelBundles(BundleContext framework) {
    this.framework = framework;
  }

  /** Returns the bundles in service, one per name. */
  List<Bundle> all() {
    List<Bundle> out = new ArrayList<>();
    for (Bundle bundle : framework.getBundles()) {
      String name = bundle.getSymbolicName();
      if (name != null
          && name.startsWith("io.narthex.")
          && !bundle.getLocation().startsWith("plugin:")
          && (!bundle.getLocation().startsWith(LOCATION)
              || jars.containsKey(bundle.getBundleId()))) {
        out.add(bundle);
      }
    }
    return out;
  }

  @Nullable Bundle named(String id) {
    return all().stream().filter(b -> id.equals(b.getSymbolicName())).findFirst().orElse(null);
  }

  /** Records that a bundle is in service, and the jar it was installed from. */
  void inService(Bundle bundle, Path jar) {
    jars.put(bundle.getBundleId(), jar);
  }

  /** Forgets a bundle that is no longer in service. */
  void retired(Bundle bundle) {
    jars.remove(bundle.getBundleId());
    digests.remove(bundle.getBundleId());
  }

  /** Returns the jar a bundle was installed from, or null when it is not known. */
  @Nullable Path jar(Bundle bundle) {
    Path known = jars.get(bundle.getBundleId());
    String location = bundle.getLocation();
    if (known != null) {
      return known;
    }
    String uri = location.startsWith("reference:") ? location.substring(10) : location;
    return uri.startsWith("file:") ? Path.of(URI.create(uri)) : null;
  }

  /** Returns the digest of the jar of a bundle, or an empty string when it cannot be read. */
  String digest(Bundle bundle) {
    String known = digests.get(bundle.getBundleId());
    if (known != null) {
      return known;
    }
    Path jar = jar(bundle);
    try {
      String digest = jar == null ? "" : JarInspector.sha256(jar);
      digests.put(bundle.getBundleId(), digest);
      return digest;
    } catch (IOException e) {
      LOG.debug("{} cannot be read: {}", jar, e.toString()); // it may be being moved
      return "";
    }
  }

  /** Returns the shipped jar of a bundle, or null. */
  @Nullable Path shipped(String id) {
    String home = framework.getProperty("narthex.home");
    if (home == null) {
      return null;
    }
    for (Path jar : JarFiles.in(Path.of(home, "lib", "kernel"))) {
      if (id.equals(symbolicName(jar))) {
        return jar;
      }
    }
    return null;
  }

  private static @Nullable String symbolicName(Path jar) {
    try (JarFile file = new JarFile(jar.toFile(), false)) {
      Manifest manifest = file.getManifest();
      String name =
          manifest == null
              ? null
              : manifest.getMainAttributes().getValue(new Attributes.Name("Bundle-SymbolicName"));
      return name == null ? null : name.split(";", 2)[0].strip();
    } catch (IOException e) {
      return null;
    }
  }

  /** Returns a bundle and all bundles wired to it, providers first. */
  static Set<Bundle> withDependents(Bundle bundle) {
    Set<Bundle> found = new LinkedHashSet<>();
    List<Bundle> open = new ArrayList<>(List.of(bundle));
    while (!open.isEmpty()) {
      Bundle next = open.removeFirst();
      BundleWiring wiring = next.adapt(BundleWiring.class);
      if (!found.add(next) || wiring == null) {
        continue;
      }
      List<BundleWire> wires = wiring.getProvidedWires(null);
      if (wires != null) {
        // the framework returns them unordered; messages about the first should be stable
        wires.stream()
            .map(w -> w.getRequirer().getBundle())
            .sorted(
                Comparator.comparing(Bundle::getSymbolicName).thenComparing(Bundle::getBundleId))
            .forEach(open::add);
      }
    }
    return found;
  }

  /** Returns why a bundle cannot be replaced while the server runs, or null. */
  @Nullable String fixed(Bundle bundle) {
    List<Bundle> kernel = all();
    for (Bundle user : withDependents(bundle)) {
      if (user.equals(framework.getBundle())) {
        return user.equals(bundle)
            ? bundle.getSymbolicName()
                + " replaces the others and cannot replace itself; update the whole server instead"
            : bundle.getSymbolicName()
                + " is a library of "
                + user.getSymbolicName()
                + ", which cannot be replaced while the server runs; update the whole server instead";
      }
      if (!kernel.contains(user)) {
        return bundle.getSymbolicName()
            + " is used by "
            + user.getSymbolicName()
            + ", which is not a part of the server; remove that first";
      }
    }
    return null;
  }

  /** Warns of missing bundles, with what does not work without them. */
  void warnOfMissing() {
    PARTS.forEach((id, effect) -> {
      if (named(id) == null) {
        LOG.warn("{} is not in lib/kernel: {}", id, effect);
      }
    });
  }
}
