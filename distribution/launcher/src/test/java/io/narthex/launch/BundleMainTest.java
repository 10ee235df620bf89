package io.narthex.launch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BundleMainTest {
  @TempDir private Path folder = Path.of("");

  private static byte[] library(String text) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (JarOutputStream jar = new JarOutputStream(bytes)) {
      entry(jar, "inner.txt", text.getBytes(StandardCharsets.UTF_8));
    }
    return bytes.toByteArray();
  }

  private static void entry(JarOutputStream jar, String name, byte[] content) throws IOException {
    jar.putNextEntry(new JarEntry(name));
    jar.write(content);
    jar.closeEntry();
  }

  private Path bundle(String classPath) throws IOException {
    Manifest manifest = new Manifest();
    manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
    manifest.getMainAttributes().putValue("Bundle-ClassPath", classPath);
    Path file = folder.resolve("bundle.jar");
    try (OutputStream out = Files.newOutputStream(file);
        JarOutputStream jar = new JarOutputStream(out, manifest)) {
      entry(jar, "outer.txt", "outer".getBytes(StandardCharsets.UTF_8));
      entry(jar, "lib/inner.jar", library("inner"));
    }
    return file;
  }

  @Test
  void librariesInsideTheBundleAreOnItsClassPath() throws IOException {
    ClassLoader loader = BundleMain.loader(bundle(".,lib/inner.jar"), getClass().getClassLoader());
    try (var outer = loader.getResourceAsStream("outer.txt");
        var inner = loader.getResourceAsStream("inner.txt")) {
      assertThat(outer).hasContent("outer");
      assertThat(inner).hasContent("inner");
    }
  }

  @Test
  void namesALibraryThatIsNotThere() {
    assertThatThrownBy(
            () -> BundleMain.loader(bundle(".,lib/none.jar"), getClass().getClassLoader()))
        .hasMessageContaining("lib/none.jar");
  }
}
