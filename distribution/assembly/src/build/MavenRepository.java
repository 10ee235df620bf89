import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.spi.ToolProvider;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * Writes a Maven repository (standard layout: poms, jars, sources, Javadoc, checksums, metadata, catalogue of archetypes) with what
 * the author of a plugin needs of ours. All else comes from Maven Central.
 */
final class MavenRepository {
  private static final Pattern PARENT = Pattern.compile("<parent>.*?</parent>", Pattern.DOTALL);
  private static final Pattern ARTIFACT = Pattern.compile("<artifactId>([^<]+)</artifactId>");
  private static final Pattern PACKAGING = Pattern.compile("<packaging>([^<]+)</packaging>");
  private static final Pattern DESCRIPTION = Pattern.compile("<description>([^<]+)</description>");
  private static final String GROUP = "io.narthex";
  private static final String UPDATED = "20260101000000"; // as project.build.outputTimestamp
  private static final long ENTRY_TIME = 1_767_225_600_000L; // the same, epoch milliseconds

  private final Path root;
  private final String version;
  private final Path out;
  private final Map<String, String> archetypes = new TreeMap<>(); // artifact to description

  private MavenRepository(Path root, String version, Path out) {
    this.root = root;
    this.version = version;
    this.out = out;
  }

  /**
   * Writes the repository.
   *
   * @param root of the source tree
   * @param out folder of the repository, created
   * @param modules folders of the modules, relative to the root; their parents come along
   */
  static void write(Path root, String version, Path out, List<String> modules) throws IOException {
    MavenRepository repository = new MavenRepository(root, version, out);
    for (String module : modules) {
      repository.add(root.resolve(module));
    }
    repository.writeCatalogue();
  }

  private void add(Path module) throws IOException {
    Path source = module.resolve("pom.xml");
    String pom = Files.readString(source);
    String own = PARENT.matcher(pom).replaceFirst("");
    String artifact = first(ARTIFACT, own, "");
    Path folder = out.resolve(GROUP.replace('.', '/')).resolve(artifact).resolve(version);
    if (Files.exists(folder)) {
      return;
    }
    Files.createDirectories(folder);
    String name = artifact + "-" + version;
    put(folder.resolve(name + ".pom"), Files.readAllBytes(source));
    if (first(PACKAGING, own, "jar").equals("jar")) {
      Path jar = module.resolve("target").resolve(name + ".jar");
      if (!Files.exists(jar)) {
        throw new IOException(
            root.relativize(jar) + " is missing; build the whole tree, not the assembly alone");
      }
      put(folder.resolve(name + ".jar"), Files.readAllBytes(jar));
      if (Files.isDirectory(module.resolve("src/main/java"))) {
        Path sources = folder.resolve(name + "-sources.jar");
        zip(module.resolve("src/main/java"), sources);
        checksums(sources);
      } else {
        archetypes.put(artifact, first(DESCRIPTION, own, artifact));
      }
    }
    put(
        folder.resolveSibling("maven-metadata.xml"),
        """
        <?xml version="1.0" encoding="UTF-8"?>
        <metadata>
          <groupId>%s</groupId>
          <artifactId>%s</artifactId>
          <versioning>
            <latest>%3$s</latest>
            <release>%3$s</release>
            <versions><version>%3$s</version></versions>
            <lastUpdated>%4$s</lastUpdated>
          </versioning>
        </metadata>
        """
            .formatted(GROUP, artifact, version, UPDATED)
            .getBytes(StandardCharsets.UTF_8));
    if (PARENT.matcher(pom).find()) {
      add(module.getParent());
    }
  }

  /**
   * Adds the javadoc jar of a module of the API. Its comments must pass doclint.
   *
   * @param api folder of the API's modules
   * @param libraries folder of the jars that the sources need
   * @param repository folder of the repository, which has the module
   */
  static void addJavadoc(Path api, String artifact, String version, Path repository, Path libraries)
      throws IOException {
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "-quiet",
                "-Xdoclint:all,-missing",
                "-Werror",
                "-notimestamp",
                "--no-fonts",
                "--release",
                "17",
                "-encoding",
                "UTF-8",
                "-windowtitle",
                "Narthex " + artifact + " " + version));
    List<String> path = new ArrayList<>(List.of(api.resolve("api-model/target/classes").toString()));
    try (var jars = Files.list(libraries)) {
      jars.map(Path::toString).sorted().forEach(path::add);
    }
    arguments.addAll(List.of("-cp", String.join(java.io.File.pathSeparator, path)));
    Path pages = Files.createTempDirectory("javadoc");
    try {
      arguments.addAll(List.of("-d", pages.toString()));
      try (var sources = Files.walk(api.resolve(artifact).resolve("src/main/java"))) {
        sources.map(Path::toString).filter(p -> p.endsWith(".java")).sorted().forEach(arguments::add);
      }
      ToolProvider tool =
          ToolProvider.findFirst("javadoc")
              .orElseThrow(() -> new IOException("this JDK has no javadoc; use a whole one"));
      int status = tool.run(System.out, System.err, arguments.toArray(String[]::new));
      if (status != 0) {
        throw new IOException("javadoc of " + artifact + " ended with " + status);
      }
      Path jar =
          repository.resolve(GROUP.replace('.', '/')).resolve(artifact).resolve(version)
              .resolve(artifact + "-" + version + "-javadoc.jar");
      zip(pages, jar);
      checksums(jar);
    } finally {
      try (var left = Files.walk(pages)) {
        for (Path file : left.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    }
  }

  private static String first(Pattern pattern, String text, String otherwise) {
    Matcher matcher = pattern.matcher(text);
    return matcher.find() ? matcher.group(1) : otherwise;
  }

  private void writeCatalogue() throws IOException {
    StringBuilder xml =
        new StringBuilder("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<archetype-catalog>\n  <archetypes>\n");
    archetypes.forEach(
        (artifact, description) ->
            xml.append("    <archetype><groupId>%s</groupId><artifactId>%s</artifactId><version>%s</version><description>%s</description></archetype>\n"
                    .formatted(GROUP, artifact, version, description)));
    xml.append("  </archetypes>\n</archetype-catalog>\n");
    put(
        out.resolve("archetype-catalog.xml"),
        xml.toString().getBytes(StandardCharsets.UTF_8));
  }

  private static void zip(Path folder, Path target) throws IOException {
    try (OutputStream file = Files.newOutputStream(target);
        ZipOutputStream zip = new ZipOutputStream(file);
        var walk = Files.walk(folder)) {
      for (Path path : walk.filter(Files::isRegularFile).sorted().toList()) {
        ZipEntry entry = new ZipEntry(folder.relativize(path).toString().replace('\\', '/'));
        entry.setTime(ENTRY_TIME);
        zip.putNextEntry(entry);
        Files.copy(path, zip);
        zip.closeEntry();
      }
    }
  }

  private static void put(Path file, byte[] content) throws IOException {
    Files.write(file, content);
    checksums(file);
  }

  private static void checksums(Path file) throws IOException {
    byte[] content = Files.readAllBytes(file);
    for (Map.Entry<String, String> kind : Map.of("sha1", "SHA-1", "sha256", "SHA-256").entrySet()) {
      try {
        String digest =
            HexFormat.of().formatHex(MessageDigest.getInstance(kind.getValue()).digest(content));
        Files.writeString(file.resolveSibling(file.getFileName() + "." + kind.getKey()), digest);
      } catch (NoSuchAlgorithmException e) {
        throw new IllegalStateException(e);
      }
    }
  }
}
