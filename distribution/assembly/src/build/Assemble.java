import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Lays the distribution out in {@code target/narthex}. What belongs to it follows from the module lists of the
 * families, so a new module is picked up without a change here.
 *
 * <p>Arguments: folder of this module, version, whether the API gets javadoc jars, which take seconds: {@code true} or
 * {@code false}. Libraries wait in target/libraries/{boot,system,javadoc}.
 */
final class Assemble {
  private static final Pattern MODULE = Pattern.compile("<module>\\s*([^<\\s]+)\\s*</module>");
  private static final Pattern ARTIFACT =
      Pattern.compile("</parent>\\s*<artifactId>([^<]+)</artifactId>");
  private static final Pattern COMMENT = Pattern.compile("<!--.*?-->", Pattern.DOTALL);

  private final Path root;
  private final String version;
  private final Path out;
  private final boolean javadoc;

  private Assemble(Path root, String version, Path out, boolean javadoc) {
    this.root = root;
    this.version = version;
    this.out = out;
    this.javadoc = javadoc;
  }

  public static void main(String[] args) throws Exception {
    Path module = Path.of(args[0]).toAbsolutePath().normalize();
    Path target = module.resolve("target");
    Path next = target.resolve("narthex.next");
    delete(next);
    new Assemble(module.resolve("../..").normalize(), args[1], next, args[2].equals("true"))
        .layOut(target.resolve("libraries"));
    delete(target.resolve("libraries")); // a library of another version must not stay there
    // a server that runs from the former folder keeps its open files
    Path present = target.resolve("narthex");
    Path former = target.resolve("narthex.former");
    delete(former);
    if (Files.exists(present)) {
      Files.move(present, former);
    }
    Files.move(next, present);
    delete(former);
  }

  private void layOut(Path libraries) throws IOException, InterruptedException {
    copyFolder(libraries.resolve("boot"), out.resolve("lib/boot"));
    copyFolder(libraries.resolve("system"), out.resolve("lib/system"));
    copyJar("distribution/launcher", "boot");
    for (String api : List.of("api-model", "api-spi", "api-service")) {
      copyJar("api/" + api, "system");
    }
    copyJar("promql-grammar", "kernel");
    for (String module : modules("kernel")) {
      copyJar("kernel/" + module, "kernel");
    }
    for (String family :
        List.of("plugins-discovery", "plugins-exporters", "plugins-storage", "plugins-notifiers")) {
      for (String module : modules(family)) {
        copyJar(family + "/" + module, "plugins");
      }
    }
    layOutAuthorKit();
    copyFolder(root.resolve("distribution/conf"), out.resolve("conf"));
    copyFolder(root.resolve("distribution/rules"), out.resolve("lib/rules"));
    copyFiles(root.resolve("distribution/dashboards"), "*.json", out.resolve("lib/dashboards"));
    Files.createDirectories(out.resolve("bin"));
    copy(root.resolve("distribution/bin/narthex"), out.resolve("bin/narthex"));
    Files.setPosixFilePermissions(
        out.resolve("bin/narthex"), PosixFilePermissions.fromString("rwxr-xr-x"));
    copy(root.resolve("distribution/bin/find-java.sh"), out.resolve("lib/find-java.sh"));
    Files.createDirectories(out.resolve("plugins"));
    Files.createDirectories(out.resolve("data"));
    Files.createDirectories(out.resolve("lib/plugins"));
    copy(root.resolve("LICENSE"), out.resolve("LICENSE"));
    copy(root.resolve("distribution/docs/NOTICE.md"), out.resolve("NOTICE.md"));
    // the one of the checkout tells of folders and commands that are not here
    copy(root.resolve("distribution/assembly/src/archive/README.md"), out.resolve("README.md"));
    String date = git("log", "-1", "--format=%cI");
    Files.writeString(
        out.resolve("lib/build.properties"),
        "version=" + version + "\n"
            + "build.revision=" + git("rev-parse", "HEAD") + "\n"
            + "build.branch=" + git("rev-parse", "--abbrev-ref", "HEAD") + "\n"
            + "build.date=" + date + "\n"
            + "build.user=narthex\n",
        StandardCharsets.UTF_8);
  }

  /** What the author of a plugin needs, without a checkout: repository, guide, samples to read. */
  private void layOutAuthorKit() throws IOException {
    List<String> published = new ArrayList<>();
    for (String api : List.of("api-model", "api-spi", "api-testkit")) {
      published.add("api/" + api);
    }
    published.add("distribution/plugin-parent");
    for (String archetype : modules("distribution/archetypes")) {
      published.add("distribution/archetypes/" + archetype);
    }
    for (String module : published) {
      if (!module.equals("distribution/plugin-parent")) { // a file, no module of the build
        checkOrder(module);
      }
    }
    MavenRepository.write(root, version, out.resolve("maven"), published);
    if (javadoc) {
      Path libraries = root.resolve("distribution/assembly/target/libraries/javadoc");
      for (String api : List.of("api-model", "api-spi")) {
        MavenRepository.addJavadoc(root.resolve("api"), api, version, out.resolve("maven"), libraries);
      }
    }
    copyFolder(
        root.resolve("distribution/docs/writing-a-plugin"), out.resolve("docs/writing-a-plugin"));
    // pages that the guide leads to
    copy(
        root.resolve("distribution/docs/plugin-settings.md"),
        out.resolve("docs/plugin-settings.md"));
    Files.createDirectories(out.resolve("samples"));
    copy(root.resolve("distribution/samples/README.md"), out.resolve("samples/README.md"));
    for (String sample : modules("distribution/samples")) {
      Path from = root.resolve("distribution/samples").resolve(sample);
      Path to = out.resolve("samples").resolve(sample);
      copyFolder(from.resolve("src"), to.resolve("src"));
      for (String file : List.of("README.md", "bnd.bnd", "pom.xml")) {
        if (Files.exists(from.resolve(file))) {
          copy(from.resolve(file), to.resolve(file));
        }
      }
    }
  }

  private List<String> modules(String family) throws IOException {
    String pom = Files.readString(root.resolve(family).resolve("pom.xml"));
    Matcher matcher = MODULE.matcher(COMMENT.matcher(pom).replaceAll(""));
    List<String> modules = new ArrayList<>();
    while (matcher.find()) {
      modules.add(matcher.group(1));
    }
    return modules;
  }

  /** Returns the name of a module, which its folder need not have. */
  private String artifact(String module) throws IOException {
    Matcher own = ARTIFACT.matcher(Files.readString(root.resolve(module).resolve("pom.xml")));
    if (!own.find()) {
      throw new IOException(module + "/pom.xml: has no artifactId after its parent");
    }
    return own.group(1);
  }

  /** Fails when the build may come to this module before one that it lays out. */
  private void checkOrder(String module) throws IOException {
    String name = "<artifactId>" + artifact(module) + "</artifactId>";
    Path pom = root.resolve("distribution/assembly/pom.xml");
    if (!Files.readString(pom).contains(name)) {
      throw new IOException(
          pom + ": nothing says that " + module + " is built before; add it to the dependencies");
    }
  }

  private void copyJar(String module, String folder) throws IOException {
    checkOrder(module);
    String name = artifact(module) + "-" + version + ".jar";
    Path jar = root.resolve(module).resolve("target").resolve(name);
    if (!Files.exists(jar)) {
      throw new IOException(
          root.relativize(jar) + " is missing; build the whole tree, not the assembly alone");
    }
    Files.createDirectories(out.resolve("lib").resolve(folder));
    copy(jar, out.resolve("lib").resolve(folder).resolve(name));
  }

  private static void copy(Path from, Path to) throws IOException {
    Files.copy(from, to, StandardCopyOption.REPLACE_EXISTING);
  }

  /** Copies the files of a folder that a pattern matches, without those of folders in it. */
  private static void copyFiles(Path from, String pattern, Path to) throws IOException {
    Files.createDirectories(to);
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(from, pattern)) {
      for (Path entry : entries) {
        copy(entry, to.resolve(entry.getFileName()));
      }
    }
  }

  private static void copyFolder(Path from, Path to) throws IOException {
    Files.createDirectories(to);
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(from)) {
      for (Path entry : entries) {
        Path target = to.resolve(entry.getFileName());
        if (Files.isDirectory(entry)) {
          copyFolder(entry, target);
        } else {
          copy(entry, target);
        }
      }
    }
  }

  /** Returns the first line that git prints, or "unknown" outside of a checkout. */
  private String git(String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("git", "-C", root.toString()));
    command.addAll(List.of(arguments));
    Process process;
    try {
      process =
          new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
    } catch (IOException e) {
      return "unknown";
    }
    try (OutputStream none = process.getOutputStream()) {
      String line = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
      return process.waitFor(10, TimeUnit.SECONDS) && process.exitValue() == 0 && !line.isEmpty()
          ? line
          : "unknown";
    }
  }

  private static void delete(Path folder) throws IOException {
    if (Files.exists(folder)) {
      try (var walk = Files.walk(folder)) {
        for (Path path : walk.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(path);
        }
      }
    }
  }
}
