import java.io.IOException;
import java.io.InputStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.w3c.dom.Element;
import org.xml.sax.SAXException;

/**
 * Sums the reports of a test run up, one line per suite, and checks them against floors.txt: a suite that silently
 * vanishes, or conformance cases that no longer pass, fail the run.
 *
 * <p>Arguments: root of the source tree; with {@code --propose} as second one it prints floors for the present counts.
 * Ends with 1 when a test failed or a floor is not reached.
 */
final class Floors {
  private static final Pattern CONFORMANCE =
      Pattern.compile("conformance ([^:]+): passed (\\d+) of (\\d+).*", Pattern.DOTALL);

  private record Count(int passed, int failed, int skipped) {
    Count plus(Count other) {
      return new Count(passed + other.passed, failed + other.failed, skipped + other.skipped);
    }

    @Override
    public String toString() {
      return passed + " passed, " + failed + " failed, " + skipped + " skipped";
    }
  }

  private record Cases(int passed, int all) {}

  private static final Count NONE = new Count(0, 0, 0);

  private final Path root;
  private final boolean ci = "true".equals(System.getenv("CI"));
  private final Map<String, Count> modules = new TreeMap<>();
  private final Map<String, Count> classes = new TreeMap<>(); // module:Class
  private final Map<String, Cases> conformance = new TreeMap<>();
  private final List<String> problems = new ArrayList<>();

  private Floors(Path root) {
    this.root = root;
  }

  public static void main(String[] args) throws Exception {
    Floors floors = new Floors(Path.of(args[0]).toAbsolutePath().normalize());
    floors.read();
    if (args.length > 1 && args[1].equals("--propose")) {
      floors.propose();
      return;
    }
    System.exit(floors.report() ? 0 : 1);
  }

  private void read() throws IOException {
    Files.walkFileTree(
        root,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes a)
              throws IOException {
            String name = String.valueOf(folder.getFileName());
            if (name.equals("target") && Files.exists(folder.resolveSibling("pom.xml"))) {
              readModule(folder);
              return FileVisitResult.SKIP_SUBTREE;
            }
            return name.startsWith(".") && !folder.equals(root)
                    || name.equals("node_modules")
                    || name.equals("src")
                ? FileVisitResult.SKIP_SUBTREE
                : FileVisitResult.CONTINUE;
          }
        });
  }

  private void readModule(Path target) throws IOException {
    String module = root.relativize(target.getParent()).toString();
    for (String reports : List.of("surefire-reports", "failsafe-reports")) {
      for (Path file : files(target.resolve(reports), "TEST-", ".xml")) {
        readReport(module, file);
      }
    }
    for (Path file : files(target.resolve("conformance"), "", ".txt")) {
      Matcher line = CONFORMANCE.matcher(Files.readString(file).strip());
      if (line.matches()) {
        conformance.merge(
            line.group(1),
            new Cases(Integer.parseInt(line.group(2)), Integer.parseInt(line.group(3))),
            (a, b) -> new Cases(a.passed + b.passed, a.all + b.all));
      } else {
        problems.add(root.relativize(file) + ": not of the form \"conformance SUITE: passed N of M\"");
      }
    }
  }

  private static List<Path> files(Path folder, String prefix, String suffix) throws IOException {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (var list = Files.list(folder)) {
      return list.filter(
              p -> {
                String name = p.getFileName().toString();
                return name.startsWith(prefix) && name.endsWith(suffix);
              })
          .sorted()
          .toList();
    }
  }

  private void readReport(String module, Path file) throws IOException {
    Element suite;
    try (InputStream in = Files.newInputStream(file)) {
      suite =
          DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(in).getDocumentElement();
    } catch (SAXException | ParserConfigurationException e) {
      problems.add(root.relativize(file) + ": is no report: " + e.getMessage());
      return;
    }
    int all = number(suite, "tests");
    int failed = number(suite, "failures") + number(suite, "errors");
    int skipped = number(suite, "skipped");
    Count count = new Count(all - failed - skipped, failed, skipped);
    String name = suite.getAttribute("name");
    modules.merge(module, count, Count::plus);
    classes.merge(module + ":" + name.substring(name.lastIndexOf('.') + 1), count, Count::plus);
  }

  private static int number(Element element, String attribute) {
    String text = element.getAttribute(attribute);
    return text.isEmpty() ? 0 : Integer.parseInt(text);
  }

  private boolean report() throws IOException {
    classes.forEach((name, count) -> System.out.println(name.replace(":", " ") + ": " + count));
    conformance.forEach(
        (name, cases) ->
            System.out.println("conformance " + name + ": passed " + cases.passed + " of " + cases.all));
    int number = 0;
    for (String line : Files.readAllLines(root.resolve("distribution/itests/floors.txt"))) {
      number++;
      String text = line.replaceFirst("#.*", "").strip();
      if (!text.isEmpty()) {
        try {
          check(text.split("\\s+"));
        } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
          problems.add("floors.txt:" + number + ": cannot be read: \"" + text + "\"");
        }
      }
    }
    Count total = modules.values().stream().reduce(NONE, Count::plus);
    if (total.failed > 0) {
      problems.add(total.failed + " tests failed");
    }
    problems.forEach(p -> System.out.println("PROBLEM " + p));
    System.out.println(total);
    return problems.isEmpty();
  }

  /** Checks one line: kind, name, floor, and what it sinks to without something the machine may lack. */
  private void check(String[] words) {
    String what = words[0] + " " + words[1];
    int floor = Integer.parseInt(words[2]);
    for (int i = 3; i < words.length; i++) {
      String[] option = words[i].split("=", 2);
      String need = option[0].substring("without-".length());
      if (!present(need)) {
        System.out.println(what + ": " + need + " is absent, floor " + option[1] + " instead of " + floor);
        if (ci) {
          problems.add(what + ": " + need + " is absent, which continuous integration does not accept");
        }
        floor = Math.min(floor, Integer.parseInt(option[1]));
      }
    }
    int passed =
        switch (words[0]) {
          case "tests" ->
              (words[1].contains(":") ? classes : modules).getOrDefault(words[1], NONE).passed;
          case "conformance" -> conformance.getOrDefault(words[1], new Cases(0, 0)).passed;
          default -> throw new IllegalArgumentException(words[0]);
        };
    if (passed < floor) {
      problems.add(what + ": " + passed + " passed, at least " + floor + " must");
    }
  }

  private boolean present(String need) {
    return switch (need) {
      case "shared" -> shared(System.getenv("NARTHEX_SHARED")) || shared(root + "/../shared");
      case "browser" -> onPath("chromedriver") && (onPath("chromium") || onPath("google-chrome"));
      case "dns" -> onPath("dnsmasq") || Files.isExecutable(Path.of("/usr/sbin/dnsmasq"));
      default -> throw new IllegalArgumentException(need);
    };
  }

  private static boolean shared(String folder) {
    return folder != null && Files.isDirectory(Path.of(folder, "conformance"));
  }

  private static boolean onPath(String tool) {
    for (String folder : System.getenv().getOrDefault("PATH", "").split(":")) {
      if (!folder.isEmpty() && Files.isExecutable(Path.of(folder, tool))) {
        return true;
      }
    }
    return false;
  }

  private void propose() {
    modules.forEach((name, count) -> System.out.println("tests " + name + " " + count.passed));
    conformance.forEach(
        (name, cases) ->
            System.out.println("conformance " + name + " " + cases.passed + " without-shared=0"));
  }
}
