import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.spi.ToolProvider;

/** Links the Java that the distribution with a runtime brings along. Argument: the folder to make. */
final class Runtime {
  /** What the server, its libraries and plugins use, and what an operator needs to look inside. */
  private static final List<String> MODULES =
      List.of(
          "java.base",
          "java.compiler",
          "java.desktop", // java.beans, which Jersey and Jackson look at
          "java.instrument",
          "java.logging",
          "java.management",
          "java.management.rmi",
          "java.naming",
          "java.net.http",
          "java.security.jgss",
          "java.security.sasl",
          "java.sql",
          "java.xml",
          "jdk.attach",
          "jdk.crypto.ec",
          "jdk.httpserver",
          "jdk.incubator.vector",
          "jdk.jcmd",
          "jdk.jfr",
          "jdk.management",
          "jdk.management.agent",
          "jdk.naming.dns",
          "jdk.net",
          "jdk.unsupported",
          "jdk.zipfs");

  public static void main(String[] args) throws IOException, InterruptedException {
    Path folder = Path.of(args[0]);
    String version = java.lang.Runtime.version().toString() + "\n" + MODULES + "\n";
    Path stamp = folder.resolve("lib/narthex-runtime");
    if (Files.exists(stamp) && Files.readString(stamp).equals(version)) {
      return;
    }
    if (Files.exists(folder)) {
      try (var walk = Files.walk(folder)) {
        for (Path path : walk.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(path);
        }
      }
    }
    int status =
        ToolProvider.findFirst("jlink")
            .orElseThrow(() -> new IOException("this Java has no jlink; build with a whole JDK"))
            .run(
                System.out,
                System.err,
                "--add-modules",
                String.join(",", MODULES),
                "--strip-debug",
                "--no-header-files",
                "--no-man-pages",
                "--compress",
                "zip-6",
                "--generate-cds-archive",
                "--output",
                folder.toString());
    if (status != 0) {
      System.exit(status);
    }
    Files.deleteIfExists(folder.resolve("lib/server/classes_nocoops.jsa"));
    // the class data archive for the object layout that the start script chooses
    Process dump =
        new ProcessBuilder(
                folder.resolve("bin/java").toString(),
                "-XX:+UseCompactObjectHeaders",
                "-Xshare:dump")
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    if (dump.waitFor() != 0) {
      System.err.println("no class data archive for compact object headers; starts are slower");
    }
    Files.writeString(stamp, version);
  }
}
