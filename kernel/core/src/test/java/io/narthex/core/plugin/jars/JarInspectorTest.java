package io.narthex.core.plugin.jars;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.narthex.core.plugin.jars.JarInspector.JarInfo;
import io.narthex.core.plugin.state.KeptJars;
import io.narthex.service.plugins.PluginService.PluginException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.jar.JarFile;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.slf4j.LoggerFactory;

class JarInspectorTest {
  @TempDir Path folder;

  private static JarInfo inspect(Path file) {
    return JarInspector.inspect(file, String.valueOf(file.getFileName()));
  }

  private void refused(Path file, String reason) {
    assertThatThrownBy(() -> inspect(file))
        .isInstanceOf(PluginException.class)
        .hasMessageContaining(file.getFileName().toString())
        .hasMessageContaining(reason);
  }

  @Test
  void plainJarIsNamedByItsFile() throws IOException {
    JarInfo info = inspect(Jars.plugin(folder.resolve("acme-discovery-1.2.jar")));
    assertThat(info.id()).isEqualTo("acme-discovery");
    assertThat(info.version()).isEqualTo("1.2.0");
    assertThat(info.bundle()).isFalse();
    assertThat(info.sha256()).matches("[0-9a-f]{64}");
    assertThat(info.services())
        .containsExactly(
            Map.entry(
                "io.narthex.spi.discovery.DiscoveryProvider", List.of("com.acme.AcmeProvider")));
  }

  @Test
  void versionAndDigestAreOfOneContentWhenTheFileIsReplacedMeanwhile() throws Exception {
    Path file = folder.resolve("x.jar");
    Map<String, String> versions = new HashMap<>(); // by digest
    List<byte[]> jars = new ArrayList<>();
    for (String version : List.of("1.0.0", "2.0.0")) {
      Path jar =
          Jars.plugin(folder.resolve(version), "Implementation-Version: " + version, "Pad: x");
      versions.put(JarInspector.sha256(jar), version);
      jars.add(Files.readAllBytes(jar));
    }
    Files.write(file, jars.get(0));
    AtomicBoolean done = new AtomicBoolean();
    Thread replacing =
        Thread.ofPlatform()
            .start(() -> {
              try {
                for (int i = 0; !done.get(); i++) {
                  Path next = Files.write(folder.resolve("next"), jars.get(i % 2));
                  Files.move(next, file, StandardCopyOption.ATOMIC_MOVE);
                  if (i % 3 == 0) {
                    Thread.sleep(1); // else a look never finds the file at rest
                  }
                }
              } catch (IOException | InterruptedException e) {
                throw new IllegalStateException(e);
              }
            });
    KeptJars kept = new KeptJars(folder.resolve("state"), Clock.systemUTC());
    Set<String> seen = new HashSet<>();
    long deadline = System.nanoTime() + 20_000_000_000L;
    for (int i = 0; (i < 300 || seen.size() < 2) && System.nanoTime() < deadline; i++) {
      JarInfo info = kept.inspectCopy(file, "x.jar");
      assertThat(info.version()).isEqualTo(versions.get(info.sha256()));
      seen.add(info.version());
    }
    done.set(true);
    replacing.join();
    assertThat(seen).hasSize(2);
    assertThat(kept.work()).isEmptyDirectory();
  }

  @Test
  void manifestNamesWin() throws IOException {
    JarInfo plain =
        inspect(
            Jars.plugin(
                folder.resolve("x-9.jar"),
                "Automatic-Module-Name: com.acme.x",
                "Implementation-Version: 3.4"));
    assertThat(plain.id()).isEqualTo("com.acme.x");
    assertThat(plain.version()).isEqualTo("3.4.0");
    JarInfo bundle =
        inspect(
            Jars.plugin(
                folder.resolve("y-9.jar"),
                "Bundle-ManifestVersion: 2",
                "Bundle-SymbolicName: com.acme.y;singleton:=true",
                "Bundle-Name: Acme",
                "Bundle-Version: 5.6.7.beta"));
    assertThat(bundle.id()).isEqualTo("com.acme.y");
    assertThat(bundle.name()).isEqualTo("Acme");
    assertThat(bundle.version()).isEqualTo("5.6.7.beta");
    assertThat(bundle.bundle()).isTrue();
  }

  @ParameterizedTest
  @CsvSource({
    "1,1.0.0",
    "1.2.3,1.2.3",
    "1.2.3-SNAPSHOT,1.2.3.SNAPSHOT",
    "1.2.3.4.5,1.2.3.4_5",
    "2.0-rc.1,2.0.0.rc_1",
    "latest,0.0.0.latest",
    "20240101123456789.1,0.0.0.20240101123456789_1"
  })
  void versionsTakeOsgiForm(String version, String expected) {
    assertThat(JarInspector.osgiVersion(version)).isEqualTo(expected);
    assertThat(org.osgi.framework.Version.parseVersion(expected).toString()).isEqualTo(expected);
  }

  @Test
  void refusesWhatIsNoPlugin() throws IOException {
    refused(Jars.write(folder.resolve("a.jar"), Map.of("x", "1")), "is not a plugin");
    refused(Files.writeString(folder.resolve("b.jar"), "text"), "is not a readable jar");
    refused(
        Jars.plugin(
            folder.resolve("c.jar"),
            "Bundle-ManifestVersion: 2",
            "Bundle-SymbolicName: com.acme.f",
            "Fragment-Host: io.narthex.core"),
        "is a fragment");
  }

  @Test
  void refusesNamesThatLeadElsewhere() throws IOException {
    refused(
        Jars.plugin(folder.resolve("a.jar"), "Automatic-Module-Name: .."), "the plugin's id must");
    refused(
        Jars.plugin(folder.resolve("b.jar"), "Automatic-Module-Name: a/b"), "the plugin's id must");
    refused(
        Jars.write(
            folder.resolve("c.jar"), Map.of(Jars.DISCOVERY_SERVICE, "x", "../evil.txt", "x")),
        "has an entry outside itself");
    assertThat(
            inspect(
                    Jars.write(
                        folder.resolve("d.jar"), Map.of(Jars.DISCOVERY_SERVICE, "x", "a..b", "x")))
                .id())
        .isEqualTo("d");
  }

  @Test
  void refusesAZipBombByWhatItUnpacksTo() throws IOException {
    Path file = folder.resolve("bomb.jar");
    byte[] zeros = new byte[1 << 20];
    try (OutputStream out = Files.newOutputStream(file);
        ZipOutputStream zip = new ZipOutputStream(out)) {
      zip.putNextEntry(new ZipEntry(Jars.DISCOVERY_SERVICE));
      zip.write("x".getBytes(StandardCharsets.UTF_8));
      zip.closeEntry();
      zip.putNextEntry(new ZipEntry("zeros"));
      for (int i = 0; i < 600; i++) {
        zip.write(zeros);
      }
      zip.closeEntry();
    }
    assertThat(Files.size(file)).isLessThan(2 << 20);
    refused(file, "unpacks to more than 512 MiB");
  }

  @Test
  void findsADamagedEntry() throws IOException {
    byte[] bytes =
        Jars.bytes(Map.of(Jars.DISCOVERY_SERVICE, "some.Provider # " + "abc".repeat(500)));
    bytes[Jars.DISCOVERY_SERVICE.length() + 34] ^= 0x55;
    refused(Files.write(folder.resolve("a.jar"), bytes), "damaged");
  }

  @Test
  void wrapperMakesABundleOfAPlainJar() throws IOException {
    Path plain =
        Jars.plugin(
            folder.resolve("acme-1.2.jar"),
            "Export-Package: com.acme",
            "Bundle-Activator: com.acme.Evil");
    Path bundle = folder.resolve("wrapped.jar");
    JarWrapper.wrap(plain, inspect(plain), bundle);
    try (JarFile jar = new JarFile(bundle.toFile())) {
      var a = jar.getManifest().getMainAttributes();
      assertThat(a.getValue("Bundle-SymbolicName")).isEqualTo("acme");
      assertThat(a.getValue("Bundle-Version")).isEqualTo("1.2.0");
      assertThat(a.getValue("Import-Package")).contains("io.narthex.spi.discovery");
      assertThat(a.getValue("Export-Package")).isNull();
      assertThat(a.getValue("Bundle-Activator")).isNull();
      assertThat(jar.getEntry("com/acme/AcmeProvider.class")).isNotNull();
      assertThat(jar.stream().filter(e -> e.getName().equals(JarFile.MANIFEST_NAME))).hasSize(1);
    }
    JarInfo again = inspect(bundle);
    assertThat(again.bundle()).isTrue();
    assertThat(again.id()).isEqualTo("acme");
  }

  @Test
  void wrapperPutsNestedJarsOnTheClassPath() throws IOException {
    Path plain =
        Jars.write(
            folder.resolve("acme-1.jar"),
            Map.of(Jars.DISCOVERY_SERVICE, "x", "META-INF/lib/dep.jar", "zip"));
    Path bundle = folder.resolve("wrapped.jar");
    JarWrapper.wrap(plain, inspect(plain), bundle);
    try (JarFile jar = new JarFile(bundle.toFile())) {
      assertThat(jar.getManifest().getMainAttributes().getValue("Bundle-ClassPath"))
          .isEqualTo(".,META-INF/lib/dep.jar");
    }
  }

  @Test
  void hugeManifestOrServiceFileIsRefused(@TempDir Path folder) throws IOException {
    String huge = "#".repeat(3 << 20);
    Path service =
        Jars.write(folder.resolve("s.jar"), java.util.Map.of(Jars.DISCOVERY_SERVICE, huge));
    assertThatThrownBy(() -> JarInspector.inspect(service, "s.jar"))
        .hasMessage(Jars.DISCOVERY_SERVICE + " is larger than 1 MiB; refused");
    Path manifest =
        Jars.write(
            folder.resolve("m.jar"),
            java.util.Map.of("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\n" + huge));
    assertThatThrownBy(() -> JarInspector.inspectShipped(manifest, "m.jar"))
        .hasMessage("META-INF/MANIFEST.MF is larger than 1 MiB; refused");
  }

  @Test
  void knowsClassesThatAJarCannotReplace() {
    assertThat(JarInspector.isIgnored("java/lang/String.class")).isTrue();
    assertThat(JarInspector.isIgnored("io/narthex/spi/config/Secret.class")).isTrue();
    assertThat(JarInspector.isIgnored("io/narthex/discovery/mine/A.class")).isFalse();
    assertThat(JarInspector.isIgnored("javax/annotation/Nonnull.class")).isFalse();
  }

  @Test
  void classesThatAJarCannotReplaceAreLoggedOncePerJar() throws IOException {
    Path file =
        Jars.write(
            folder.resolve("greedy.jar"),
            Map.of(
                Jars.DISCOVERY_SERVICE,
                "com.acme.AcmeProvider\n",
                "com/acme/AcmeProvider.class",
                "no class",
                "io/narthex/spi/config/Secret.class",
                "no class",
                "java/lang/String.class",
                "no class"));
    Logger logger = (Logger) LoggerFactory.getLogger(JarInspector.class);
    ListAppender<ILoggingEvent> logged = new ListAppender<>();
    logged.start();
    logger.addAppender(logged);
    logger.setLevel(Level.WARN);
    try {
      assertThat(inspect(file).id()).isEqualTo("greedy");
    } finally {
      logger.setLevel(null);
      logger.detachAppender(logged);
    }
    assertThat(logged.list)
        .extracting(ILoggingEvent::getFormattedMessage)
        .singleElement()
        .asString()
        .startsWith("plugins: greedy.jar: has classes of the server or the JDK inside");
  }
}
