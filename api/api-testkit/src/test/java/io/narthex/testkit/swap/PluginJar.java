package io.narthex.testkit.swap;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Stream;

/** Packs the faulty plugins. */
final class PluginJar {
  private static final String PACKAGE = "io/narthex/testkit/swap/plugin/";

  private PluginJar() {}

  /** Writes a jar with one provider, found by the ServiceLoader. */
  static Path write(Path folder, Class<?> spi, Class<?> provider, String mode) throws Exception {
    return write(
        folder,
        provider,
        mode,
        new Manifest(),
        "META-INF/services/" + spi.getName(),
        provider.getName());
  }

  /** Writes a jar with one provider, described for Declarative Services. */
  static Path bundle(Path folder, Class<?> spi, Class<?> provider, String mode) throws Exception {
    Manifest manifest = new Manifest();
    manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
    manifest.getMainAttributes().putValue("Service-Component", "OSGI-INF/c.xml");
    return write(
        folder,
        provider,
        mode,
        manifest,
        "OSGI-INF/c.xml",
        """
        <scr:component xmlns:scr="http://www.osgi.org/xmlns/scr/v1.3.0" name="c">
          <service><provide interface="%s"/></service>
          <implementation class="%s"/>
        </scr:component>
        """
            .formatted(spi.getName(), provider.getName()));
  }

  private static Path write(
      Path folder, Class<?> provider, String mode, Manifest manifest, String entry, String content)
      throws Exception {
    Path classes =
        Path.of(provider.getProtectionDomain().getCodeSource().getLocation().toURI())
            .resolve(PACKAGE);
    Path target = folder.resolve(mode.replace(' ', '-') + ".jar");
    try (OutputStream out = Files.newOutputStream(target);
        JarOutputStream jar = new JarOutputStream(out, manifest);
        Stream<Path> files = Files.list(classes)) {
      for (Path file : (List<Path>) files.toList()) {
        add(jar, PACKAGE + file.getFileName(), Files.readAllBytes(file));
      }
      add(jar, PACKAGE + "mode.txt", mode.getBytes(StandardCharsets.UTF_8));
      add(jar, entry, content.getBytes(StandardCharsets.UTF_8));
    }
    return target;
  }

  private static void add(JarOutputStream jar, String name, byte[] content) throws IOException {
    jar.putNextEntry(new JarEntry(name));
    jar.write(content);
    jar.closeEntry();
  }
}
