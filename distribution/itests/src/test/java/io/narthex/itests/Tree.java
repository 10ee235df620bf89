package io.narthex.itests;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Where things lie in the source tree and what the build has made. */
final class Tree {
  static final String VERSION = System.getProperty("narthex.version", "0.1.0");
  static final Path ROOT = root();
  private static final Pattern ARTIFACT =
      Pattern.compile("</parent>\\s*<artifactId>([^<]+)</artifactId>", 0);
  private static final Path ASSEMBLY = ROOT.resolve("distribution/assembly/target");

  private Tree() {}

  private static Path root() {
    Path folder = Path.of(System.getProperty("narthex.root", "")).toAbsolutePath().normalize();
    while (!Files.exists(folder.resolve("promql-grammar"))) {
      folder = Objects.requireNonNull(folder.getParent(), "not inside the source tree");
    }
    return folder;
  }

  /** Returns the assembled folder. */
  static Path assembled() {
    return ASSEMBLY.resolve("narthex");
  }

  /** Returns the packed distribution. */
  static Path archive() {
    return ASSEMBLY.resolve("narthex-" + VERSION + ".tar.gz");
  }

  /** Returns the packed distribution that brings its Java along. */
  static Path archiveWithRuntime() {
    return only(ASSEMBLY, "narthex-" + VERSION + "-", ".tar.gz");
  }

  /** Returns the jar of a module, given its folder. */
  static Path jar(String module) {
    Path folder = ROOT.resolve(module);
    return folder.resolve("target").resolve(artifact(folder) + "-" + VERSION + ".jar");
  }

  /** Returns the name of a module, which its folder need not have. */
  static String artifact(Path module) {
    try {
      Matcher own = ARTIFACT.matcher(Files.readString(ROOT.resolve(module).resolve("pom.xml")));
      if (!own.find()) {
        throw new IllegalStateException(module + "/pom.xml: has no artifactId after its parent");
      }
      return own.group(1);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Returns the jars of a folder of the assembled distribution, for example lib/kernel. */
  static List<Path> jars(String folder) {
    return list(assembled().resolve(folder)).stream()
        .filter(p -> p.toString().endsWith(".jar"))
        .toList();
  }

  /** Returns the folders of all modules with main classes, relative to the root. */
  static List<Path> modulesWithClasses() {
    List<Path> modules = new ArrayList<>();
    for (Path folder : list(ROOT)) {
      if (Files.exists(folder.resolve("pom.xml"))) {
        addModules(folder, modules);
      }
    }
    return modules;
  }

  private static void addModules(Path folder, List<Path> modules) {
    if (Files.isDirectory(folder.resolve("src/main/java"))) {
      modules.add(ROOT.relativize(folder));
    }
    for (Path child : list(folder)) {
      boolean within =
          child.endsWith("src") || child.endsWith("target") || child.endsWith("node_modules");
      if (Files.isDirectory(child) && !within) {
        addModules(child, modules);
      }
    }
  }

  private static Path only(Path folder, String prefix, String suffix) {
    return list(folder).stream()
        .filter(p -> p.getFileName().toString().startsWith(prefix) && p.toString().endsWith(suffix))
        .findFirst()
        .orElseThrow(() -> new IllegalStateException(prefix + "…" + suffix + " in " + folder));
  }

  private static List<Path> list(Path folder) {
    try (Stream<Path> children = Files.list(folder)) {
      return children.sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
