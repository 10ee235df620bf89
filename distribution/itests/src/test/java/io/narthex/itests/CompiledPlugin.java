package io.narthex.itests;

import java.io.IOException;
import java.io.OutputStream;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/** A plain plugin jar compiled from a text against the API jars of the build. */
final class CompiledPlugin {
  private CompiledPlugin() {}

  /**
   * Compiles one source file.
   *
   * @param id the plugin's id
   * @param className qualified name of the file's outer class
   * @param services names of SPI interfaces to the classes that provide them
   */
  static byte[] jar(
      Path work,
      String id,
      String version,
      String className,
      String source,
      Map<String, String> services) {
    try {
      Path file = work.resolve("src").resolve(className.replace('.', '/') + ".java");
      Files.createDirectories(Objects.requireNonNull(file.getParent()));
      Files.writeString(file, source);
      Path classes = Files.createDirectories(work.resolve("classes"));
      compile(file, classes);
      Path jar = work.resolve("plugin.jar");
      Manifest manifest = new Manifest();
      manifest.getMainAttributes().putValue("Manifest-Version", "1.0");
      manifest.getMainAttributes().putValue("Automatic-Module-Name", id);
      manifest.getMainAttributes().putValue("Implementation-Version", version);
      try (OutputStream out = Files.newOutputStream(jar);
          JarOutputStream entries = new JarOutputStream(out, manifest);
          Stream<Path> compiled = Files.walk(classes)) {
        for (Path c : compiled.filter(Files::isRegularFile).toList()) {
          entries.putNextEntry(new JarEntry(classes.relativize(c).toString().replace('\\', '/')));
          Files.copy(c, entries);
        }
        for (Map.Entry<String, String> service : services.entrySet()) {
          entries.putNextEntry(new JarEntry("META-INF/services/" + service.getKey()));
          entries.write(service.getValue().getBytes(StandardCharsets.UTF_8));
        }
      }
      return Files.readAllBytes(jar);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Compiles a file into a folder. */
  static void compile(Path file, Path classes) throws IOException {
    JavaCompiler compiler = Objects.requireNonNull(ToolProvider.getSystemJavaCompiler(), "a JDK");
    StringWriter messages = new StringWriter();
    try (StandardJavaFileManager files =
        compiler.getStandardFileManager(null, null, StandardCharsets.UTF_8)) {
      String path =
          String.join(
              java.io.File.pathSeparator,
              Tree.jar("api/api-model").toString(),
              Tree.jar("api/api-spi").toString());
      boolean done =
          compiler
              .getTask(
                  messages,
                  files,
                  null,
                  List.of("-d", classes.toString(), "-cp", path, "--release", "17", "-proc:none"),
                  null,
                  files.getJavaFileObjects(file))
              .call();
      if (!done) {
        throw new IllegalStateException("the plugin does not compile:\n" + messages);
      }
    }
  }
}
