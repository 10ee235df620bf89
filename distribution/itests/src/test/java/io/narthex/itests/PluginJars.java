package io.narthex.itests;

import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;

/** Classes of the shipped plugins, loaded from their jars without a framework. */
final class PluginJars {
  private PluginJars() {}

  /**
   * Returns a loader of a plugin's classes and the libraries inside its jar.
   *
   * @param folder where libraries are unpacked to
   */
  static URLClassLoader loader(String module, Path folder) throws IOException {
    Path jar = Tree.jar(module);
    List<URL> jars = new ArrayList<>(List.of(jar.toUri().toURL()));
    try (JarFile file = new JarFile(jar.toFile())) {
      for (JarEntry entry : file.stream().filter(e -> e.getName().endsWith(".jar")).toList()) {
        Path library = folder.resolve(Path.of(entry.getName()).getFileName());
        if (!Files.exists(library)) {
          try (InputStream in = file.getInputStream(entry)) {
            Files.copy(in, library);
          }
        }
        jars.add(library.toUri().toURL());
      }
    }
    return new URLClassLoader(jars.toArray(URL[]::new), PluginJars.class.getClassLoader());
  }
}
