import java.io.IOException;
import java.io.InputStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.SAXException;

/**
 * Sums the reports of a test run up, the slowest classes first, then one line per suite, and checks them against
 * floors.txt: a suite that silently vanishes, a test that is skipped without being listed, or conformance cases that no
 * longer pass, fail the run.
 *
 * <p>An integration test that failed may have been run once more, alone: its second report counts, and the last lines say
 * {@code flaky: CLASS.method}. More than {@link #FLAKY_ALLOWED} such tests fail the run.
 *
 * <p>Arguments: root of the source tree; with {@code --propose} as second one it prints floors for the present counts, with
 * {@code --failed} the integration tests to run again, as {@code CLASS#METHOD}. Ends with 1 when a test failed or a floor is
 * not reached.
 */
final class Floors {
  private static final Pattern CONFORMANCE =
      Pattern.compile("conformance ([^:]+): passed (\\d+) of (\\d+).*", Pattern.DOTALL);
  private static final Pattern CRASH = Pattern.compile("<failureMessage>(.+?)</failureMessage>", Pattern.DOTALL);
  private static final int SLOWEST = 20;
  private static final int FLAKY_ALLOWED = 2;
  private static final List<String> PEERS =
      List.of("prometheus", "promtool", "amtool", "alertmanager", "pushgateway", "node_exporter");

  private enum Outcome {
    PASSED,
    FAILED,
    SKIPPED
  }

  /** One test of a report; {@code test} is empty for what a whole class shares. */
  private record Case(String name, String test, Outcome outcome) {
    /** The method, without the parameters that reports add. */
    String method() {
      return test.replaceFirst("[^\\p{Alnum}_$].*", "");
    }
  }

  private record Time(String name, double seconds) {}

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
  private final Map<String, List<Case>> cases = new TreeMap<>(); // module:Class
  private final Map<String, List<Case>> again = new TreeMap<>(); // module:Class, of second runs
  private final Set<String> crashed = new TreeSet<>(); // modules whose integration tests did not end
  private final List<Time> times = new ArrayList<>();
  private final Set<String> flaky = new TreeSet<>();
  private final Map<String, Cases> conformance = new TreeMap<>();
  private final List<String> problems = new ArrayList<>();

  private Floors(Path root) {
    this.root = root;
  }

  public static void main(String[] args) throws Exception {
    Floors floors = new Floors(Path.of(args[0]).toAbsolutePath().normalize());
    floors.read();
    if (args.length > 1 && args[1].equals("--failed")) {
      floors.printFailed();
      return;
    }
    floors.count();
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
        readReport(module, file, cases);
      }
    }
    for (Path file : files(target.resolve("failsafe-reports-again"), "TEST-", ".xml")) {
      readReport(module, file, again);
    }
    for (Path file : files(target.resolve("failsafe-reports"), "failsafe-summary", ".xml")) {
      Matcher crash = CRASH.matcher(Files.readString(file));
      if (crash.find()) {
        crashed.add(module);
        problems.add(module + ": integration tests did not end: " + crash.group(1).lines().findFirst().orElse(""));
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

  private void readReport(String module, Path file, Map<String, List<Case>> into) throws IOException {
    Element suite;
    try (InputStream in = Files.newInputStream(file)) {
      suite =
          DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(in).getDocumentElement();
    } catch (SAXException | ParserConfigurationException e) {
      problems.add(root.relativize(file) + ": is no report: " + e.getMessage());
      return;
    }
    String name = suite.getAttribute("name");
    String type = module + ":" + name.substring(name.lastIndexOf('.') + 1);
    String seconds = suite.getAttribute("time").replace(",", "");
    if (into == cases && !seconds.isEmpty()) {
      times.add(new Time(type.replace(":", " "), Double.parseDouble(seconds)));
    }
    NodeList tests = suite.getElementsByTagName("testcase");
    for (int i = 0; i < tests.getLength(); i++) {
      Element test = (Element) tests.item(i);
      boolean failed = has(test, "failure") || has(test, "error");
      Outcome outcome = failed ? Outcome.FAILED : has(test, "skipped") ? Outcome.SKIPPED : Outcome.PASSED;
      // what happened before or after all tests of a class has the name of the class or none
      String method = test.getAttribute("name");
      into.computeIfAbsent(type, t -> new ArrayList<>())
          .add(new Case(type, method.equals(name) ? "" : method, outcome));
    }
  }

  private static boolean has(Element test, String child) {
    return test.getElementsByTagName(child).getLength() > 0;
  }

  /** Prints what is run once more; nothing when a second run could not make the run green. */
  private void printFailed() {
    Set<String> failed = new TreeSet<>();
    cases.forEach((type, tests) -> {
      for (Case test : tests) {
        if (test.outcome == Outcome.FAILED && type.endsWith("IT")) {
          String method = test.method();
          failed.add(type.substring(type.indexOf(':') + 1) + (method.isEmpty() ? "" : "#" + method));
        }
      }
    });
    if (failed.size() <= FLAKY_ALLOWED && crashed.isEmpty()) {
      failed.forEach(System.out::println);
    }
  }

  /** Sums the tests up; of one that failed and was run again the second outcome counts. */
  private void count() {
    cases.forEach((type, tests) -> {
      List<Case> second = again.getOrDefault(type, List.of());
      String module = type.substring(0, type.indexOf(':'));
      for (Case test : tests) {
        Count count = one(test.outcome);
        if (test.outcome == Outcome.FAILED && !second.isEmpty()) {
          List<Case> same =
              second.stream().filter(c -> test.test.isEmpty() || c.test.equals(test.test)).toList();
          if (!same.isEmpty() && same.stream().allMatch(c -> c.outcome == Outcome.PASSED)) {
            flaky.add(type.substring(type.indexOf(':') + 1) + (test.test.isEmpty() ? "" : "." + test.method()));
            count = new Count(same.size(), 0, 0);
          }
        }
        modules.merge(module, count, Count::plus);
        classes.merge(type, count, Count::plus);
      }
    });
  }

  private static Count one(Outcome outcome) {
    return switch (outcome) {
      case PASSED -> new Count(1, 0, 0);
      case FAILED -> new Count(0, 1, 0);
      case SKIPPED -> new Count(0, 0, 1);
    };
  }

  private boolean report() throws IOException {
    System.out.println("the " + SLOWEST + " slowest classes:");
    times.stream()
        .sorted(Comparator.comparingDouble(Time::seconds).reversed())
        .limit(SLOWEST)
        .forEach(t -> System.out.printf(Locale.ROOT, "%8.1f s  %s%n", t.seconds, t.name));
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
    for (List<Case> tests : cases.values()) {
      for (Case test : tests) {
        if (test.outcome == Outcome.SKIPPED && !maySkip(test)) {
          problems.add(
              test.name + "." + test.test + ": was skipped; let it run, or list it in floors.txt: skip " + test.name + "." + test.method());
        }
      }
    }
    if (flaky.size() > FLAKY_ALLOWED) {
      problems.add(flaky.size() + " flaky tests, at most " + FLAKY_ALLOWED + " may be");
    }
    Count total = modules.values().stream().reduce(NONE, Count::plus);
    if (total.failed > 0) {
      problems.add(total.failed + " tests failed");
    }
    problems.forEach(p -> System.out.println("PROBLEM " + p));
    System.out.println(total);
    flaky.forEach(test -> System.out.println("flaky: " + test));
    return problems.isEmpty();
  }

  private final Set<String> skips = new TreeSet<>(); // module:Class.method, or module[:Class] where something is absent

  private boolean maySkip(Case test) {
    return skips.contains(test.name + "." + test.method())
        || skips.contains(test.name)
        || skips.contains(test.name.substring(0, test.name.indexOf(':')));
  }

  /** Checks one line: kind, name, floor, and what it sinks to without something the machine may lack. */
  private void check(String[] words) {
    String what = words[0] + " " + words[1];
    if (words[0].equals("skip")) {
      skips.add(words[1]);
      return;
    }
    int floor = Integer.parseInt(words[2]);
    for (int i = 3; i < words.length; i++) {
      String[] option = words[i].split("=", 2);
      String need = option[0].substring("without-".length());
      if (!present(need)) {
        System.out.println(what + ": " + need + " is absent, floor " + option[1] + " instead of " + floor);
        if (ci) {
          problems.add(what + ": " + need + " is absent, which continuous integration does not accept");
        }
        skips.add(words[1]);
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
      case "network" -> makesNetworks();
      case "peers" -> PEERS.stream().allMatch(Floors::peer);
      default -> throw new IllegalArgumentException(need);
    };
  }

  /** Tells whether a program of the originals is there, under its own name or that of Debian's package. */
  private static boolean peer(String program) {
    String debian = "prometheus-" + program.replace('_', '-');
    String given = System.getenv("NARTHEX_PEERS");
    return onPath(program)
        || onPath(debian)
        || given != null
            && (Files.isExecutable(Path.of(given, program)) || Files.isExecutable(Path.of(given, debian)));
  }

  /** Returns whether networks for tests can be made: the tool is there, and this process may. */
  private static boolean makesNetworks() {
    try {
      return (onPath("ip") || Files.isExecutable(Path.of("/usr/sbin/ip")))
          && new ProcessBuilder("unshare", "--net", "true").start().waitFor() == 0;
    } catch (IOException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
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
