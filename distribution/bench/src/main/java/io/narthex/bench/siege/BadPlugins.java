package io.narthex.bench.siege;

import io.narthex.bench.torture.ServerUnderTest;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.TimeUnit;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.jspecify.annotations.Nullable;

/**
 * Plugins that are bad in ways that the server must survive, compiled against the API jars of the
 * assembled server. None of them ends the JVM or keeps a thread for ever.
 */
final class BadPlugins {
  /** Types of discovery that the configuration names. */
  static final List<String> TYPES = List.of("siegecrasher", "siegebadopen", "siegethrower");

  private static final String DISCOVERY = "io.narthex.spi.discovery.DiscoveryProvider";

  private static final String SOURCE =
      """
      package siege;
      import io.narthex.spi.config.Setting;
      import io.narthex.spi.discovery.*;
      import io.narthex.spi.plugin.PluginContext;
      public final class NAME implements DiscoveryProvider<NAME.Config> {
        public record Config(@Setting(help = "Address of a target") String address) {}
        public NAME() { CONSTRUCTOR }
        @Override public String type() { return "TYPE"; }
        @Override public Class<Config> configType() { return Config.class; }
        @Override public Discovery open(Config config, PluginContext context) { OPEN }
      }
      """;

  private static final long PRESENCE_MS = 5000;
  private static final long MOST_PRESENCE_MS = 20_000;
  private static final Pattern STATES =
      Pattern.compile(
          "narthex_plugin_(state\\{.*(siege|jar).*|call_failures_total\\{.*siege.*)", 0);

  private final Set<String> seen = new ConcurrentSkipListSet<>();
  private final Path dropFolder;
  private final Map<String, byte[]> jars = new LinkedHashMap<>();

  /**
   * Makes the jars.
   *
   * @param system folder with the API jars
   * @param work a folder for classes
   * @throws IOException when they cannot be compiled, as without a JDK
   */
  BadPlugins(Path system, Path work, Path dropFolder, long seed) throws IOException {
    this.dropFolder = dropFolder;
    jars.put(
        "crasher.jar",
        compile(
            system,
            work,
            "Crasher",
            "siegecrasher",
            "",
            "return sink -> { throw new IllegalStateException(\"run is broken\"); };"));
    jars.put(
        "badopen.jar",
        compile(
            system,
            work,
            "BadOpen",
            "siegebadopen",
            "",
            "throw new NoSuchMethodError(\"open is broken\");"));
    jars.put(
        "thrower.jar",
        compile(
            system,
            work,
            "Thrower",
            "siegethrower",
            "if (true) { throw new IllegalArgumentException(\"the constructor is broken\"); }",
            "return null;"));
    byte[] garbage = new byte[100_000];
    new Random(seed).nextBytes(garbage);
    jars.put("garbage.jar", garbage);
    byte[] whole = jars.getOrDefault("crasher.jar", garbage);
    jars.put("cut.jar", Arrays.copyOf(whole, whole.length / 2));
    jars.put("bomb.jar", bomb());
  }

  private static byte[] compile(
      Path system, Path work, String name, String type, String constructor, String open)
      throws IOException {
    @Nullable JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    if (compiler == null) {
      throw new IOException("no compiler; run the siege with a JDK");
    }
    Path folder = Files.createDirectories(work.resolve(name));
    Path file = folder.resolve(name + ".java");
    Files.writeString(
        file,
        SOURCE
            .replace("NAME", name)
            .replace("TYPE", type)
            .replace("CONSTRUCTOR", constructor)
            .replace("OPEN", open));
    List<String> path = new ArrayList<>();
    try (Stream<Path> all = Files.list(system)) {
      all.filter(p -> String.valueOf(p.getFileName()).startsWith("api-"))
          .forEach(p -> path.add(p.toString()));
    }
    StringWriter messages = new StringWriter();
    try (StandardJavaFileManager files =
        compiler.getStandardFileManager(null, null, StandardCharsets.UTF_8)) {
      boolean done =
          compiler
              .getTask(
                  messages,
                  files,
                  null,
                  List.of(
                      "-d",
                      folder.toString(),
                      "-cp",
                      String.join(File.pathSeparator, path),
                      "--release",
                      "17",
                      "-proc:none"),
                  null,
                  files.getJavaFileObjects(file))
              .call();
      if (!done) {
        throw new IOException("a plugin does not compile: " + messages);
      }
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (JarOutputStream jar = new JarOutputStream(out, manifest("siege." + type));
        Stream<Path> classes = Files.walk(folder.resolve("siege"))) {
      for (Path c : classes.filter(Files::isRegularFile).toList()) {
        jar.putNextEntry(new JarEntry(folder.relativize(c).toString().replace('\\', '/')));
        Files.copy(c, jar);
      }
      jar.putNextEntry(new JarEntry("META-INF/services/" + DISCOVERY));
      jar.write(("siege." + name).getBytes(StandardCharsets.UTF_8));
    }
    return out.toByteArray();
  }

  private static Manifest manifest(String id) {
    Manifest manifest = new Manifest();
    manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
    manifest.getMainAttributes().putValue("Automatic-Module-Name", id);
    manifest.getMainAttributes().putValue("Implementation-Version", "1.0.0");
    return manifest;
  }

  private static byte[] bomb() throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (JarOutputStream jar = new JarOutputStream(out, manifest("siege.bomb"))) {
      byte[] zeros = new byte[1 << 20];
      jar.putNextEntry(new JarEntry("zeros"));
      for (int i = 0; i < 300; i++) {
        jar.write(zeros);
      }
    }
    return out.toByteArray();
  }

  /** Installs all of them, and removes them some seconds later. */
  String dropAndRemove(ServerUnderTest server) throws IOException, InterruptedException {
    try {
      for (Map.Entry<String, byte[]> jar : jars.entrySet()) {
        Path hidden = dropFolder.resolve("." + jar.getKey() + ".part");
        Files.write(hidden, jar.getValue());
        Files.move(hidden, dropFolder.resolve(jar.getKey()), StandardCopyOption.REPLACE_EXISTING);
      }
      long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(MOST_PRESENCE_MS);
      do { // a broken jar is taken for a copy in progress at first, for longer on a busy machine
        Thread.sleep(PRESENCE_MS);
        Counters.read(server)
            .forEach((series, value) -> {
              if (value > 0 && STATES.matcher(series).matches()) {
                seen.add(series);
              }
            });
      } while (!unseen().isEmpty() && System.nanoTime() - until < 0);
      return "dropped";
    } finally {
      remove();
    }
  }

  /** Returns in which states the server has shown them. */
  Set<String> seen() {
    return seen;
  }

  /** Returns those of which the server's metrics have shown nothing. */
  List<String> unseen() {
    List<String> out = new ArrayList<>(TYPES);
    out.addAll(List.of("garbage.jar", "cut.jar", "bomb.jar"));
    out.removeIf(name -> seen.stream().anyMatch(s -> s.contains(name)));
    return out;
  }

  private void remove() throws IOException {
    for (String name : jars.keySet()) {
      Files.deleteIfExists(dropFolder.resolve(name));
    }
  }
}
