package io.narthex.core.plugin.jars;

import io.narthex.core.plugin.jars.JarInspector.JarInfo;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.jar.Attributes;
import java.util.jar.JarFile;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.zip.ZipEntry;

/** Turns a plain jar into a bundle: the same content, with a manifest that imports only the API. */
public final class JarWrapper {
  private static final String API =
      "io.narthex.model;version=\"[1,2)\",io.narthex.model.go;version=\"[1,2)\",io.narthex.spi.config;version=\"[1,2)\",io.narthex.spi.plugin;version=\"[1,2)\","
          + "io.narthex.spi.discovery;version=\"[1,2)\",io.narthex.spi.exporter;version=\"[1,2)\","
          + "io.narthex.spi.notifier;version=\"[1,2)\",io.narthex.spi.storage;version=\"[1,2)\","
          + "io.narthex.spi.function;version=\"[1,2)\","
          + "org.slf4j;version=\"[1.7,3)\";resolution:=optional";

  /** Bundle headers of a plain jar that must not take effect. */
  private static final List<String> NOT_OURS =
      List.of(
          "Bundle-Activator",
          "Bundle-NativeCode",
          "Export-Package",
          "Fragment-Host",
          "Private-Package",
          "Provide-Capability",
          "Require-Bundle",
          "Require-Capability",
          "Service-Component");

  private JarWrapper() {}

  /** Writes the bundle form of {@code source} to {@code target}. */
  public static void wrap(Path source, JarInfo info, Path target) throws IOException {
    try (JarFile jar = new JarFile(source.toFile(), false);
        OutputStream file = Files.newOutputStream(target);
        JarOutputStream out = new JarOutputStream(file)) {
      Manifest manifest =
          jar.getManifest() == null ? new Manifest() : new Manifest(jar.getManifest());
      Attributes a = manifest.getMainAttributes();
      NOT_OURS.forEach(name -> a.remove(new Attributes.Name(name)));
      a.putIfAbsent(Attributes.Name.MANIFEST_VERSION, "1.0");
      a.putValue("Bundle-ManifestVersion", "2");
      a.putValue("Bundle-SymbolicName", info.id());
      a.putValue("Bundle-Version", info.version());
      a.putValue("Bundle-Name", info.name());
      a.putValue("Import-Package", API);
      // packages of the JDK outside java.*, from the framework's own bundle
      a.putValue(
          "DynamicImport-Package",
          "javax.*,org.w3c.*,org.xml.*,org.ietf.*,com.sun.*,sun.*,jdk.*,org.slf4j.*");
      if (!info.nestedJars().isEmpty()) {
        a.putValue("Bundle-ClassPath", ".," + String.join(",", info.nestedJars()));
      }
      out.putNextEntry(new ZipEntry(JarFile.MANIFEST_NAME));
      manifest.write(out);
      out.closeEntry();
      Set<String> written = new HashSet<>(Set.of(JarFile.MANIFEST_NAME));
      for (ZipEntry entry : Collections.list(jar.entries())) {
        if (written.add(entry.getName())) {
          out.putNextEntry(new ZipEntry(entry.getName()));
          if (!entry.isDirectory()) {
            try (InputStream in = jar.getInputStream(entry)) {
              in.transferTo(out);
            }
          }
          out.closeEntry();
        }
      }
    }
  }
}
