package io.narthex.itests;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.jar.JarInputStream;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;

/** A jar made from another: some headers or files changed. */
final class SampleJar {
  private final Manifest manifest;
  private final Map<String, byte[]> files = new TreeMap<>();

  private SampleJar(Manifest manifest) {
    this.manifest = manifest;
  }

  /** Reads a jar. */
  static SampleJar of(Path path) {
    try (JarFile jar = new JarFile(path.toFile())) {
      SampleJar copy = new SampleJar(new Manifest(jar.getManifest()));
      for (JarEntry entry : java.util.Collections.list(jar.entries())) {
        if (!entry.isDirectory() && !entry.getName().equals(JarFile.MANIFEST_NAME)) {
          try (InputStream in = jar.getInputStream(entry)) {
            copy.files.put(entry.getName(), in.readAllBytes());
          }
        }
      }
      return copy;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Begins a plain jar with the classes of a package of the tests.
   *
   * @param id of the plugin
   * @param service interface of the provider, for example {@code discovery.DiscoveryProvider}
   * @param provider class of the provider
   */
  static SampleJar plugin(String id, String version, String service, Class<?> provider) {
    SampleJar jar = new SampleJar(new Manifest());
    jar.header("Manifest-Version", "1.0")
        .header("Automatic-Module-Name", id)
        .header("Implementation-Version", version)
        .file("META-INF/services/io.narthex.spi." + service, provider.getName());
    Path folder = Tree.ROOT.resolve("distribution/itests/target/test-classes");
    String packagePath = provider.getPackageName().replace('.', '/');
    try (var classes = Files.list(folder.resolve(packagePath))) {
      for (Path file : classes.toList()) {
        jar.files.put(packagePath + "/" + file.getFileName(), Files.readAllBytes(file));
      }
      return jar;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Returns a header of the manifest. */
  String header(String name) {
    return Objects.requireNonNull(manifest.getMainAttributes().getValue(name), name);
  }

  /** Sets a header of the manifest. */
  SampleJar header(String name, String value) {
    manifest.getMainAttributes().putValue(name, value);
    return this;
  }

  /** Sets the content of a file. */
  SampleJar file(String name, byte[] content) {
    files.put(name, content.clone());
    return this;
  }

  /** Sets the content of a file. */
  SampleJar file(String name, String content) {
    files.put(name, content.getBytes(StandardCharsets.UTF_8));
    return this;
  }

  /** Leaves a file out. */
  SampleJar without(String name) {
    files.remove(name);
    return this;
  }

  /** Returns the bytes of the jar. */
  byte[] bytes() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (JarOutputStream jar = new JarOutputStream(out, manifest)) {
      for (Map.Entry<String, byte[]> file : files.entrySet()) {
        jar.putNextEntry(new JarEntry(file.getKey()));
        jar.write(file.getValue());
        jar.closeEntry();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toByteArray();
  }

  /** Writes the jar and returns its path. */
  Path write(Path target) {
    try {
      byte[] bytes = bytes();
      try (JarInputStream check = new JarInputStream(new ByteArrayInputStream(bytes))) {
        if (check.getManifest() == null) {
          throw new IOException("no manifest");
        }
      }
      try (OutputStream out = Files.newOutputStream(target)) {
        out.write(bytes);
      }
      return target;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
