package io.narthex.itests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.InputStream;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.jar.JarFile;
import org.junit.jupiter.api.MethodOrderer.MethodName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.ServiceReference;
import org.osgi.framework.wiring.BundleWiring;

/** The assembled bundles in the real framework: they resolve, start, are updated and taken out. */
@TestMethodOrder(MethodName.class)
class BundlesIT {
  private static final String DISCOVERY = "io.narthex.spi.discovery.DiscoveryProvider";

  @RegisterExtension static final OsgiFramework FRAMEWORK = new OsgiFramework(bundles());

  private static List<Path> bundles() {
    List<Path> all = new ArrayList<>(Tree.jars("lib/system"));
    all.addAll(Tree.jars("lib/kernel"));
    return all;
  }

  @Test
  void everyBundleOfTheDistributionIsActive() {
    Map<String, Integer> states = new TreeMap<>();
    for (Bundle bundle : FRAMEWORK.context().getBundles()) {
      if (bundle.getHeaders().get("Fragment-Host") == null) {
        states.put(bundle.getSymbolicName(), bundle.getState());
      }
    }
    assertThat(states)
        .containsKeys("io.narthex.model", "io.narthex.spi", "io.narthex.core", "io.narthex.http");
    assertThat(states.values()).as(states.toString()).containsOnly(Bundle.ACTIVE);
  }

  @Test
  void everyPluginOfTheDistributionResolvesStartsAndOffersItsService() throws Exception {
    BundleContext context = FRAMEWORK.context();
    assertThat(Tree.jars("lib/plugins")).isNotEmpty();
    for (Path jar : Tree.jars("lib/plugins")) {
      Bundle plugin = install(jar, "test:" + jar.getFileName());
      plugin.start();
      assertThat(plugin.getState()).as(jar.toString()).isEqualTo(Bundle.ACTIVE);
      Server.await(
          jar.getFileName() + " offers a provider",
          () ->
              plugin.getRegisteredServices() != null && plugin.getRegisteredServices().length > 0);
      for (ServiceReference<?> reference : plugin.getRegisteredServices()) {
        assertThat(context.getService(reference)).as(reference.toString()).isNotNull();
        context.ungetService(reference);
      }
      plugin.uninstall();
    }
  }

  @Test
  void onlyTheApiAndTheLibrariesExportPackagesOfOurs() {
    for (Bundle bundle : FRAMEWORK.context().getBundles()) {
      String name = bundle.getSymbolicName();
      if (name.startsWith("io.narthex.")
          && !List.of(
                  "io.narthex.model",
                  "io.narthex.spi",
                  "io.narthex.service",
                  "io.narthex.promql",
                  "io.narthex.text",
                  "io.narthex.config",
                  "io.narthex.relabel",
                  "io.narthex.exposition",
                  "io.narthex.httpclient")
              .contains(name)) {
        assertThat(bundle.getHeaders().get("Export-Package")).as(name).isNull();
      }
    }
  }

  @Test
  void samplePluginIsInstalledUpdatedAndUninstalledWhileOthersStay() throws Exception {
    BundleContext context = FRAMEWORK.context();
    Map<String, Long> before = lastModified();

    Bundle sample = install(Tree.jar("distribution/samples/acme-discovery"), "test:acme");
    sample.start();
    Object first = provider(sample);
    assertThat(type(first)).isEqualTo("acme");
    ClassLoader firstLoader =
        Objects.requireNonNull(sample.adapt(BundleWiring.class)).getClassLoader();

    Path next =
        SampleJar.of(Tree.jar("distribution/samples/acme-discovery"))
            .header("Bundle-Version", "1.1.0")
            .write(Files.createTempFile("acme", ".jar"));
    try (InputStream in = Files.newInputStream(next)) {
      sample.update(in);
    }
    assertThat(sample.getState()).isEqualTo(Bundle.ACTIVE);
    assertThat(sample.getVersion()).hasToString("1.1.0");
    Object second = provider(sample);
    assertThat(second.getClass().getClassLoader())
        .isNotSameAs(firstLoader)
        .isNotSameAs(first.getClass().getClassLoader());

    sample.uninstall();
    assertThat(sample.getState()).isEqualTo(Bundle.UNINSTALLED);
    assertThat(context.getAllServiceReferences(DISCOVERY, "(objectClass=*)")).isNull();
    assertThat(lastModified()).isEqualTo(before);
    Files.delete(next);
  }

  @Test
  void twoVersionsOfOnePluginRunSideBySide() throws Exception {
    Bundle one = install(Tree.jar("distribution/samples/acme-discovery"), "test:one");
    Path jar =
        SampleJar.of(Tree.jar("distribution/samples/acme-discovery"))
            .header("Bundle-Version", "2.0.0")
            .write(Files.createTempFile("acme", ".jar"));
    Bundle two = install(jar, "test:two");
    one.start();
    two.start();
    assertThat(provider(one).getClass()).isNotSameAs(provider(two).getClass());
    one.uninstall();
    assertThat(two.getState()).isEqualTo(Bundle.ACTIVE);
    two.uninstall();
    Files.delete(jar);
  }

  @Test
  void bundleThatNeedsAnAbsentPackageDoesNotResolve() throws Exception {
    Path jar =
        SampleJar.of(Tree.jar("distribution/samples/acme-discovery"))
            .header("Bundle-SymbolicName", "io.acme.needy")
            .header("Import-Package", "com.example.absent")
            .write(Files.createTempFile("acme", ".jar"));
    Bundle needy = install(jar, "test:needy");
    assertThatThrownBy(needy::start)
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("com.example.absent");
    needy.uninstall();
    Files.delete(jar);
  }

  @Test
  void noJarOfOursHoldsPackagesOfAnother() throws Exception {
    Map<String, String> owner = new TreeMap<>();
    List<Path> jars = bundles();
    jars.addAll(Tree.jars("lib/plugins"));
    for (Path path : jars) {
      try (JarFile jar = new JarFile(path.toFile())) {
        jar.stream()
            .filter(e -> e.getName().startsWith("io/narthex/") && e.getName().endsWith(".class"))
            .filter(e -> !e.getName().matches("io/narthex/(json|yaml)/.*")) // made to be copied
            .map(e -> e.getName().substring(0, e.getName().lastIndexOf('/')))
            .distinct()
            .forEach(folder ->
                assertThat(owner.put(folder, path.getFileName().toString())).as(folder).isNull());
      }
    }
  }

  @Test
  void pluginsShareNoJsonWithEachOther() throws Exception {
    for (Path path : Tree.jars("lib/plugins")) {
      try (JarFile jar = new JarFile(path.toFile())) {
        var manifest = jar.getManifest().getMainAttributes();
        for (String header : List.of("Import-Package", "Export-Package")) {
          assertThat(manifest.getValue(header))
              .as("%s of %s", header, path.getFileName())
              .satisfiesAnyOf(
                  v -> assertThat(v).isNull(),
                  v ->
                      assertThat(v)
                          .doesNotContain("io.narthex.json", "io.narthex.yaml", "com.fasterxml"));
        }
      }
    }
  }

  private static Bundle install(Path jar, String location) throws Exception {
    try (InputStream in = Files.newInputStream(jar)) {
      return FRAMEWORK.context().installBundle(location, in);
    }
  }

  private static Object provider(Bundle bundle) {
    Server.await(
        "service of " + bundle,
        () -> bundle.getRegisteredServices() != null && bundle.getRegisteredServices().length > 0);
    return Objects.requireNonNull(
        FRAMEWORK.context().getService(bundle.getRegisteredServices()[0]));
  }

  /** Calls the provider by reflection: its interfaces come from a bundle, not from the test. */
  private static Object type(Object provider) throws ReflectiveOperationException {
    Method method = provider.getClass().getMethod("type");
    return method.invoke(provider);
  }

  private static Map<String, Long> lastModified() {
    Map<String, Long> times = new TreeMap<>();
    for (Bundle bundle : FRAMEWORK.context().getBundles()) {
      if (!bundle.getSymbolicName().startsWith("io.acme.")) {
        times.put(bundle.getSymbolicName(), bundle.getLastModified());
      }
    }
    return times;
  }
}
