package io.narthex.launch;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.regex.Pattern;
import javax.lang.model.SourceVersion;
import org.jspecify.annotations.Nullable;

/**
 * {@code narthex plugin new}: creates the project of a plugin from an archetype in the
 * distribution's Maven repository. Needs no server and no network.
 */
final class PluginProject {
  private static final List<String> KINDS =
      List.of("discovery", "notifier", "exporter", "function", "storage");
  private static final String USAGE =
      """
      usage: narthex plugin new discovery|notifier|exporter|function|storage NAME
                                [--package=PACKAGE] [--dir=FOLDER]
        NAME     name in the configuration: NAME_sd_configs, NAME_configs, exporters: NAME,
                 storage: type: NAME; prefix of the names of functions
        PACKAGE  of the classes, and id of the plugin; default com.example.NAME.KIND
        FOLDER   of the project, created; default NAME-KIND
      """;
  private static final String AS_USUAL =
      """
      %1$s --config.file=demo/prometheus.yml &
      %1$s plugin install %2$s
      """;

  /** How to try a storage, without which a server does not start. */
  private static final String WITH_STORAGE =
      """
      mkdir -p demo/plugins && cp %2$s demo/plugins
      %1$s --config.file=demo/prometheus.yml --plugins.path=demo/plugins --storage.tsdb.path=demo/data &
      """;

  private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9_]{0,39}", 0);
  private static final Pattern PACKAGE = Pattern.compile("[A-Za-z0-9_.]+", 0);

  private final Path home;
  private final PrintStream out;
  private final PrintStream err;
  private String packageName = "";
  private @Nullable Path folder;

  private PluginProject(Path home, PrintStream out, PrintStream err) {
    this.home = home;
    this.out = out;
    this.err = err;
  }

  /**
   * Creates a project and prints the next steps.
   *
   * @param args the arguments after {@code new}
   * @param home folder of the distribution
   * @return exit status: 0 done, 1 failed, 2 wrong usage
   */
  static int run(List<String> args, Path home, PrintStream out, PrintStream err) {
    return new PluginProject(home, out, err).run(args);
  }

  private int run(List<String> args) {
    List<String> words = new ArrayList<>();
    for (String arg : args) {
      if (arg.startsWith("--package=")) {
        packageName = arg.substring("--package=".length());
      } else if (arg.startsWith("--dir=")) {
        folder = Path.of(arg.substring("--dir=".length()));
      } else if (arg.startsWith("-")) {
        return misuse("unknown option " + arg);
      } else {
        words.add(arg);
      }
    }
    if (words.size() != 2) {
      err.print(USAGE);
      return 2;
    }
    String kind = words.get(0);
    String name = words.get(1);
    if (!KINDS.contains(kind)) {
      return misuse("unknown kind \"" + kind + "\"; one of: " + String.join(", ", KINDS));
    }
    if (!NAME.matcher(name).matches()) {
      return misuse(
          "NAME must begin with a lower-case letter and have only lower-case letters, digits and _,"
              + " 40 at most, got \""
              + name
              + "\"; it becomes a key of the configuration");
    }
    if (packageName.isEmpty()) {
      packageName = "com.example." + name + "." + kind;
    }
    if (!PACKAGE.matcher(packageName).matches() || !SourceVersion.isName(packageName)) {
      return misuse("\"" + packageName + "\" cannot be a package of Java; give another --package=");
    }
    if (packageName.matches("(io\\.narthex|javax?|jdk|org\\.slf4j)(\\..*)?")) {
      return misuse(
          "package " + packageName + " belongs to the server or to Java; give another --package=");
    }
    try {
      make(kind, name);
      return 0;
    } catch (IOException e) {
      err.println("narthex plugin new: " + e.getMessage());
      return 1;
    }
  }

  private int misuse(String problem) {
    err.println("narthex plugin new: " + problem);
    return 2;
  }

  private void make(String kind, String name) throws IOException {
    refuseShipped(kind, name);
    String version = version();
    Path repository = home.resolve("maven");
    String archetype = "archetype-" + kind;
    Path template =
        repository
            .resolve("io/narthex/" + archetype + "/" + version)
            .resolve(archetype + "-" + version + ".jar");
    if (!Files.isReadable(template)) {
      throw new IOException(template + " is missing; use a complete distribution");
    }
    String artifact = name.replace('_', '-') + "-" + kind;
    Path target = folder == null ? Path.of(artifact) : folder;
    if (Files.exists(target) && !isEmptyFolder(target)) {
      throw new IOException(
          target + " exists already and is not an empty folder; give another one with --dir=");
    }
    String url = repository.toUri().toString().replaceFirst("/$", "").replace("&", "&amp;");
    ArchetypeTemplate.read(template)
        .write(
            target,
            Map.of(
                "groupId", packageName,
                "artifactId", artifact,
                "version", "1.0.0",
                "package", packageName,
                "type", name,
                "className", className(name),
                "narthexRepository", url,
                "narthexVersion", version));
    Path program = home.resolve("bin/narthex");
    String jar = "target/" + artifact + "-1.0.0.jar";
    out.printf(
        Locale.ROOT,
        """
        made %1$s: %2$s plugin "%3$s"
        next:
          cd %1$s
          mvn package
          %4$s
        README.md there and %5$s say more
        """,
        target,
        kind,
        name,
        String.format(Locale.ROOT, kind.equals("storage") ? WITH_STORAGE : AS_USUAL, program, jar)
            .stripTrailing()
            .replace("\n", "\n  "),
        home.resolve("docs/writing-a-plugin/README.md"));
  }

  private void refuseShipped(String kind, String name) throws IOException {
    Path shipped = home.resolve("lib/plugins");
    if (!Files.isDirectory(shipped)) {
      return;
    }
    try (DirectoryStream<Path> same =
        Files.newDirectoryStream(shipped, kind + "-" + name + "-[0-9]*.jar")) {
      if (same.iterator().hasNext()) {
        throw new IOException(
            "the server has a " + kind + " of type \"" + name + "\" already; choose another NAME");
      }
    }
  }

  private String version() throws IOException {
    Properties build = new Properties();
    try (InputStream in = Files.newInputStream(home.resolve("lib/build.properties"))) {
      build.load(in);
    } catch (IOException e) {
      throw new IOException(
          home
              + " is not a distribution: lib/build.properties cannot be read; use its bin/narthex");
    }
    return build.getProperty("version", "");
  }

  private static boolean isEmptyFolder(Path path) throws IOException {
    if (!Files.isDirectory(path)) {
      return false;
    }
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(path)) {
      return !entries.iterator().hasNext();
    }
  }

  /** Turns {@code my_inventory} into {@code MyInventory}. */
  private static String className(String name) {
    StringBuilder b = new StringBuilder();
    for (String part : name.split("_", -1)) {
      if (!part.isEmpty()) {
        b.append(part.substring(0, 1).toUpperCase(Locale.ROOT)).append(part.substring(1));
      }
    }
    return b.toString();
  }
}
