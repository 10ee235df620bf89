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
import java.util.stream.Collectors;
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
  private static final String ABSENT = "absent: ";
  private static final int SLOWEST = 20;
  private static final int FLAKY_ALLOWED = 2;
  private static final List<String> PEERS =
      List.of("prometheus", "promtool", "amtool", "alertmanager", "pushgateway", "node_exporter");

  /** What tests may need of the machine, with what it is and how to get it; of others the name says it. */
  private static final Map<String, String> NEEDS =
      new TreeMap<>(
          Map.of(
              "shared", "the conformance data, in ../shared or NARTHEX_SHARED",
              "peers", "the original programs, NARTHEX_PEERS=get or a folder that has them",
              "browser", "apt-get install chromium chromium-driver",
              "dns", "apt-get install dnsmasq-base",
              "network", "networks of its own, apt-get install iproute2, as root"));

  private enum Outcome {
    PASSED,
    FAILED,
    SKIPPED
  }

  /**
   * One test of a report; {@code test} is empty for what a whole class shares, {@code need} unless it was skipped because
   * the machine lacks something.
   */
  private record Case(String name, String test, Outcome outcome, String need) {
    /** The method, without the parameters that reports add. */
    String method() {
      return test.replaceFirst("[^\\p{Alnum}_$].*", "");
    }
  }

  private record Time(String name, double seconds) {}

  /** {@code absent}: of the tests that were not run, those that lack something of this machine. */
  private record Count(int passed, int failed, int skipped, int absent) {
    Count plus(Count other) {
      return new Count(
          passed + other.passed, failed + other.failed, skipped + other.skipped, absent + other.absent);
    }

    @Override
    public String toString() {
      return passed + " passed, " + failed + " failed, " + (skipped + absent) + " skipped";
    }
  }

  private record Cases(int passed, int all) {}

  private static final Count NONE = new Count(0, 0, 0, 0);

  private final Path root;
  private final boolean ci = "true".equals(System.getenv("CI"));
  private final boolean alone = "true".equals(System.getenv("NARTHEX_ALONE"));
  private final Map<String, Count> modules = new TreeMap<>();
  private final Map<String, Count> classes = new TreeMap<>(); // module:Class
  private final Map<String, List<Case>> cases = new TreeMap<>(); // module:Class
  private final Map<String, List<Case>> again = new TreeMap<>(); // module:Class, of second runs
  private final Map<String, Map<String, Set<String>>> needs = new TreeMap<>(); // module, class, its methods or "" for all
  private final Map<String, Integer> absent = new TreeMap<>(); // tests that were not run, by need
  private final Map<String, Integer> floors = new TreeMap<>(); // module[:Class]
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
    if (args.length > 1 && args[1].equals("--needs")) {
      floors.printNeeds();
      return;
    }
    if (args.length > 1 && args[1].equals("--failed")) {
      floors.printFailed();
      return;
    }
    List<String[]> lines = floors.lines();
    floors.count();
    if (args.length > 1 && args[1].equals("--propose")) {
      floors.propose();
      return;
    }
    System.exit(floors.report(lines) ? 0 : 1);
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
    if (alone) {
      readAlone(module, target);
    }
    Path notes = target.resolve("needs.txt");
    if (Files.exists(notes)) {
      for (String line : Files.readAllLines(notes)) {
        String[] test = line.split(" ")[0].split("#");
        needs.computeIfAbsent(module, m -> new TreeMap<>())
            .computeIfAbsent(test[0], c -> new TreeSet<>())
            .add(test.length > 1 ? test[1] : "");
      }
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

  /** Replaces the tests that were run once more with nothing beside by their second outcome. */
  private void readAlone(String module, Path target) throws IOException {
    Map<String, List<Case>> second = new TreeMap<>();
    for (String reports : List.of("surefire-reports-alone", "failsafe-reports-alone")) {
      for (Path file : files(target.resolve(reports), "TEST-", ".xml")) {
        readReport(module, file, second);
      }
    }
    second.forEach((type, tests) -> {
      List<Case> first = cases.computeIfAbsent(type, t -> new ArrayList<>());
      Set<String> methods = new TreeSet<>();
      tests.forEach(t -> methods.add(t.method()));
      first.removeIf(c -> methods.contains("") || methods.contains(c.method()));
      first.addAll(tests);
    });
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
          .add(new Case(type, method.equals(name) ? "" : method, outcome, need(test)));
    }
  }

  /** Returns what the machine lacks, when the test was skipped for that. */
  private static String need(Element test) {
    NodeList skips = test.getElementsByTagName("skipped");
    if (skips.getLength() == 0) {
      return "";
    }
    Element skip = (Element) skips.item(0); // the reason is its message, or begins its text
    String reason = skip.getAttribute("message") + " " + skip.getTextContent().lines().findFirst().orElse("");
    int at = reason.indexOf(ABSENT);
    return at < 0 ? "" : reason.substring(at + ABSENT.length()).strip();
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

  /** Prints what needs something of the machine, as Maven takes it: the modules, their tests, the integration tests. */
  private void printNeeds() {
    List<String> tests = new ArrayList<>();
    List<String> integration = new ArrayList<>();
    needs.values().forEach(types -> types.forEach((type, methods) ->
        (type.endsWith("IT") ? integration : tests)
            .add(methods.contains("") ? type : type + "#" + String.join("+", methods))));
    System.out.println(String.join(",", needs.keySet()));
    System.out.println(tests.isEmpty() ? "none" : String.join(",", tests));
    System.out.println(integration.isEmpty() ? "none" : String.join(",", integration));
  }

  /** Sums the tests up; of one that failed and was run again the second outcome counts. */
  private void count() {
    cases.forEach((type, tests) -> {
      List<Case> second = again.getOrDefault(type, List.of());
      String module = type.substring(0, type.indexOf(':'));
      for (Case test : tests) {
        Count count = test.need.isEmpty() ? one(test.outcome) : lacking(test);
        if (test.outcome == Outcome.FAILED && !second.isEmpty()) {
          List<Case> same =
              second.stream().filter(c -> test.test.isEmpty() || c.test.equals(test.test)).toList();
          if (!same.isEmpty() && same.stream().allMatch(c -> c.outcome == Outcome.PASSED)) {
            flaky.add(type.substring(type.indexOf(':') + 1) + (test.test.isEmpty() ? "" : "." + test.method()));
            count = new Count(same.size(), 0, 0, 0);
          }
        }
        modules.merge(module, count, Count::plus);
        classes.merge(type, count, Count::plus);
      }
      addUnlisted(type, tests);
    });
  }

  private static Count one(Outcome outcome) {
    return switch (outcome) {
      case PASSED -> new Count(1, 0, 0, 0);
      case FAILED -> new Count(0, 1, 0, 0);
      case SKIPPED -> new Count(0, 0, 1, 0);
    };
  }

  /** Counts a test that was not run because the machine lacks something. */
  private Count lacking(Case test) {
    if (present(test.need)) {
      problems.add(test.name + "." + test.test + ": was skipped for want of " + test.need + ", which is there");
    }
    absent.merge(test.need, 1, Integer::sum);
    return new Count(0, 0, 0, 1);
  }

  /**
   * Adds what reports do not list of a class that was skipped as a whole: it may make several tests of one method, as many
   * as its line in floors.txt says.
   */
  private void addUnlisted(String type, List<Case> tests) {
    int unlisted = floors.getOrDefault(type, 0) - tests.size();
    if (unlisted > 0 && tests.stream().noneMatch(t -> t.need.isEmpty())) {
      absent.merge(tests.getFirst().need, unlisted, Integer::sum);
      Count count = new Count(0, 0, 0, unlisted);
      modules.merge(type.substring(0, type.indexOf(':')), count, Count::plus);
      classes.merge(type, count, Count::plus);
    }
  }

  /** Reads floors.txt: the words of each line. */
  private List<String[]> lines() throws IOException {
    List<String[]> out = new ArrayList<>();
    int number = 0;
    for (String line : Files.readAllLines(root.resolve("distribution/itests/floors.txt"))) {
      number++;
      String[] words = line.replaceFirst("#.*", "").strip().split("\\s+");
      boolean skip = words[0].equals("skip") && words.length == 2;
      boolean floor = List.of("tests", "conformance").contains(words[0]) && words.length > 2 && words[2].matches("\\d+");
      if (skip) {
        skips.add(words[1]);
      } else if (floor) {
        out.add(words);
        if (words[0].equals("tests")) {
          floors.put(words[1], Integer.parseInt(words[2]));
        }
      } else if (!words[0].isEmpty()) {
        problems.add("floors.txt:" + number + ": cannot be read: \"" + line + "\"");
      }
    }
    return out;
  }

  private boolean report(List<String[]> lines) {
    System.out.println("the " + SLOWEST + " slowest classes:");
    times.stream()
        .sorted(Comparator.comparingDouble(Time::seconds).reversed())
        .limit(SLOWEST)
        .forEach(t -> System.out.printf(Locale.ROOT, "%8.1f s  %s%n", t.seconds, t.name));
    classes.forEach((name, count) -> System.out.println(name.replace(":", " ") + ": " + count));
    conformance.forEach(
        (name, cases) ->
            System.out.println("conformance " + name + ": passed " + cases.passed + " of " + cases.all));
    lines.forEach(this::check);
    for (List<Case> tests : cases.values()) {
      for (Case test : tests) {
        if (test.outcome == Outcome.SKIPPED
            && test.need.isEmpty()
            && !skips.contains(test.name + "." + test.method())) {
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
    if (ci && !absent.isEmpty()) {
      problems.add("absent: " + absent.keySet() + ", which continuous integration does not accept");
    }
    problems.forEach(p -> System.out.println("PROBLEM " + p));
    System.out.println(total.passed + " passed, " + total.failed + " failed");
    List<String> why = new ArrayList<>();
    if (total.skipped > 0) {
      why.add(total.skipped + " on purpose (distribution/itests/floors.txt)");
    }
    absent.forEach((need, tests) -> why.add(tests + " without " + need));
    System.out.println("skipped: " + (why.isEmpty() ? "none" : String.join(", ", why)));
    if (!absent.isEmpty() && !alone) {
      System.out.println(
          "to run them: "
              + absent.keySet().stream()
                  .map(need -> need + ": " + NEEDS.getOrDefault(need, "install " + need))
                  .collect(Collectors.joining("; ")));
    }
    flaky.forEach(test -> System.out.println("flaky: " + test));
    return problems.isEmpty();
  }

  private final Set<String> skips = new TreeSet<>(); // module:Class.method

  /** Checks one line: kind, name, floor, for conformance cases also who counts them if not a machine with the data can. */
  private void check(String[] words) {
    int floor = Integer.parseInt(words[2]);
    int passed;
    if (words[0].equals("tests")) {
      Count count = (words[1].contains(":") ? classes : modules).getOrDefault(words[1], NONE);
      passed = count.passed + count.absent;
    } else {
      boolean counted = present("shared") && (words.length == 3 || classes.getOrDefault(words[3], NONE).absent == 0);
      if (!counted) {
        return;
      }
      passed = conformance.getOrDefault(words[1], new Cases(0, 0)).passed;
    }
    if (passed < floor) {
      problems.add(words[0] + " " + words[1] + ": " + passed + " passed, at least " + floor + " must");
    }
  }

  private boolean present(String need) {
    return !alone && switch (need) {
      case "shared" -> hasShared();
      case "browser" -> onPath("chromedriver") && (onPath("chromium") || onPath("google-chrome"));
      case "dns" -> onPath("dnsmasq") || Files.isExecutable(Path.of("/usr/sbin/dnsmasq"));
      case "network" -> makesNetworks();
      case "peers" -> PEERS.stream().allMatch(Floors::peer);
      default -> onPath(need);
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

  private boolean hasShared() {
    String given = System.getenv("NARTHEX_SHARED");
    if (given != null && !given.isEmpty()) {
      return Files.isDirectory(Path.of(given, "conformance"));
    }
    for (Path p = root; p.getFileName() != null; p = p.getParent()) {
      if (Files.isDirectory(p.resolveSibling("shared/conformance"))) {
        return true;
      }
    }
    return false;
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
            System.out.println("conformance " + name + " " + cases.passed));
  }
}
