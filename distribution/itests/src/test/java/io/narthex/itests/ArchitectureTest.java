package io.narthex.itests;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaPackage;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Who may import whom, over the compiled classes of all modules. */
class ArchitectureTest {
  /** Libraries of the kernel, each with those it may know. */
  private static final Map<String, Set<String>> LIBRARIES =
      Map.of(
          "promql-grammar", Set.of(),
          "kernel-text", Set.of(),
          "kernel-config", Set.of("kernel-text"),
          "kernel-relabel", Set.of("kernel-text"),
          "kernel-exposition", Set.of("kernel-text", "kernel-relabel"),
          "kernel-http-client", Set.of("kernel-config"));

  private static final List<String> OF_THE_API =
      List.of(
          "io.narthex.model",
          "io.narthex.spi",
          "io.narthex.service",
          "io.narthex.testkit",
          "io.narthex.yaml");

  private static final int MOST_IN_A_CYCLE = 3;

  /**
   * Packages with larger groups of classes that use each other, and why they are not taken apart
   * yet.
   */
  private static final Map<String, Integer> LARGER_CYCLES =
      Map.of(
          "io.narthex.promql", 5, // durations are expressions in a language of their own
          "io.narthex.testkit.swap", 6); // the base class makes its subclasses: released API

  /** Classes that hand a URI to a library that wants one. */
  private static final Map<String, String> MAKES_URIS =
      Map.of(
          "io.narthex.httpclient.ClientPool$NamedProxy", "a constant; the client wants some",
          "io.narthex.httpclient.JettyHttpTransport", "a constant; the client wants some",
          "io.narthex.core.updates.KernelBundles", "locations of bundles, made by the launcher",
          "io.narthex.testkit.notifier.PlainHttp", "loopback addresses of tests",
          "io.narthex.launch.AdminClient", "the JDK's client, the only one without the framework",
          "io.narthex.launch.CheckCommand", "the JDK's client, the only one without the framework");

  private static final List<String> NOT_SHIPPED = List.of("bench", "itests");

  private static Map<String, JavaClasses> classes = Map.of();
  private static Map<String, String> moduleByPackage = Map.of();
  private static Map<String, String> familyByModule = Map.of();

  @BeforeAll
  static void readClasses() {
    Map<String, JavaClasses> all = new HashMap<>();
    Map<String, String> packages = new HashMap<>();
    Map<String, String> families = new HashMap<>();
    ClassFileImporter importer =
        new ClassFileImporter().withImportOption(new ImportOption.DoNotIncludeTests());
    for (Path folder : Tree.modulesWithClasses()) {
      Path compiled = Tree.ROOT.resolve(folder).resolve("target/classes");
      if (Files.isDirectory(compiled)) {
        String module = Tree.artifact(folder);
        JavaClasses of = importer.importPath(compiled);
        all.put(module, of);
        families.put(module, folder.getName(0).toString());
        for (JavaClass c : of) {
          packages.put(c.getPackageName(), module);
        }
      }
    }
    classes = all;
    moduleByPackage = packages;
    familyByModule = families;
  }

  @Test
  void seesEveryModule() {
    assertThat(classes.keySet())
        .contains(
            "api-model",
            "api-spi",
            "api-service",
            "promql-grammar",
            "kernel-core",
            "kernel-http",
            "launcher");
    assertThat(classes.keySet()).hasSameSizeAs(Tree.modulesWithClasses());
  }

  @Test
  void apiKnowsTheJdkAlone() {
    assertThat(
            foreign(
                family("api")
                    .filter(m -> !List.of("api-testkit", "api-json", "api-yaml").contains(m))
                    .toList(),
                d ->
                    allowed(
                        d,
                        "java",
                        "javax.net.ssl",
                        "io.narthex",
                        "org.jspecify",
                        "org.osgi.annotation")))
        .isEmpty();
  }

  @Test
  void jsonForPluginsKnowsTheJdkAndJacksonsCore() {
    assertThat(
            foreign(
                List.of("api-json"),
                d ->
                    allowed(d, "java", "org.jspecify", "com.fasterxml.jackson.core")
                        || sameModule(d)))
        .isEmpty();
  }

  @Test
  void yamlKnowsTheSpiAndItsLibrary() {
    assertThat(
            foreign(
                List.of("api-yaml"),
                d ->
                    allowed(d, "java", "org.jspecify", "org.yaml.snakeyaml", "io.narthex.spi")
                        || sameModule(d)))
        .isEmpty();
  }

  @Test
  void grammarKnowsModelAndAntlr() {
    assertThat(
            foreign(
                List.of("promql-grammar"),
                d ->
                    allowed(d, "java", "org.antlr.v4", "org.jspecify", "org.osgi.annotation")
                        || in(d, "io.narthex.model")
                        || sameModule(d)))
        .isEmpty();
    assertThat(
            foreign(
                List.of("promql-grammar"),
                d ->
                    !in(d, "java.nio.file")
                        && !in(d, "java.time")
                        && !in(d, "java.util.concurrent")
                        && !d.getTargetClass().getName().equals("java.lang.Thread")))
        .as("files, clocks, threads")
        .isEmpty();
  }

  @Test
  void kernelModulesMeetThroughTheApi() {
    assertThat(
            foreign(
                family("kernel").toList(),
                d ->
                    !in(d, "io.narthex")
                        || ofTheApi(d)
                        || sameModule(d)
                        || LIBRARIES.containsKey(moduleOf(d))))
        .isEmpty();
  }

  /** Else a test could not fail, stop and forget at each step of the database. */
  @Test
  void theDatabaseReachesFilesThroughItsDiskAlone() {
    Set<String> files =
        Set.of(
            "java.nio.file.Files",
            "java.io.RandomAccessFile",
            "java.io.FileInputStream",
            "java.io.FileOutputStream",
            "java.io.FileReader",
            "java.io.FileWriter");
    assertThat(
            foreign(
                List.of("storage-tsdb"),
                d ->
                    d.getOriginClass().getPackageName().equals("io.narthex.storage.tsdb.io")
                        || !(files.contains(d.getTargetClass().getBaseComponentType().getName())
                            || in(d, "java.nio.channels"))))
        .isEmpty();
  }

  /** Else an update of the grammar would have to replace the rules too. */
  @Test
  void rulesKnowNoGrammar() {
    assertThat(
            foreign(
                List.of("kernel-rules"),
                d ->
                    !in(d, "io.narthex.promql")
                        && !in(d, "org.antlr")
                        && !in(d, "com.google.re2j")))
        .isEmpty();
  }

  @Test
  void librariesKnowLibrariesAlone() {
    LIBRARIES.forEach((library, known) ->
        assertThat(
                foreign(
                    List.of(library),
                    d ->
                        !in(d, "io.narthex")
                            || ofTheApi(d)
                            || sameModule(d)
                            || known.contains(moduleOf(d))))
            .isEmpty());
  }

  @Test
  void pluginsKnowTheSpiAlone() {
    List<String> plugins =
        familyByModule.keySet().stream()
            .filter(m -> String.valueOf(familyByModule.get(m)).startsWith("plugins-"))
            .toList();
    assertThat(plugins).isNotEmpty();
    assertThat(
            foreign(
                plugins,
                d ->
                    !in(d, "io.narthex")
                        || in(d, "io.narthex.model")
                        || in(d, "io.narthex.spi")
                        || in(d, "io.narthex.json") // a part of their own jars
                        || in(d, "io.narthex.yaml")
                        || sameModule(d)))
        .isEmpty();
  }

  @Test
  void pluginsStartNoThreadsOfTheirOwnAndHaveNoHooks() {
    List<String> plugins =
        familyByModule.keySet().stream()
            .filter(m -> String.valueOf(familyByModule.get(m)).startsWith("plugins-"))
            .toList();
    Set<String> found = new TreeSet<>();
    for (String module : plugins) {
      for (JavaClass c : classesOf(module)) {
        c.getMethodCallsFromSelf().stream()
            .filter(call ->
                call.getName().equals("addShutdownHook")
                    || call.getTargetOwner().getName().equals("java.lang.Thread")
                        && Set.of("start", "ofVirtual", "ofPlatform", "startVirtualThread")
                            .contains(call.getName())
                    || call.getTargetOwner().getName().equals("java.util.concurrent.Executors"))
            .forEach(call -> found.add(call.getDescription()));
      }
    }
    assertThat(found).isEmpty();
  }

  @Test
  void everyPackageIsNullMarked() {
    Set<String> bare = new TreeSet<>();
    for (JavaClasses of : classes.values()) {
      Set<String> seen = new HashSet<>();
      for (JavaClass c : of) {
        if (seen.add(c.getPackageName())) {
          JavaPackage p = c.getPackage();
          if (!p.isAnnotatedWith(NullMarked.class)
              && !p.getName().endsWith(".antlr")
              && !p.getName().endsWith("_generated")) {
            bare.add(p.getName());
          }
        }
      }
    }
    assertThat(bare).isEmpty();
  }

  @Test
  void noPackageIsInTwoModules() {
    Map<String, Set<String>> modules = new HashMap<>();
    classes.forEach((module, of) ->
        of.forEach(
            c -> modules.computeIfAbsent(c.getPackageName(), k -> new TreeSet<>()).add(module)));
    modules.values().removeIf(m -> m.size() < 2);
    // made to be a part of the jars that use it
    modules.values().removeIf(m -> m.contains("api-json") || m.contains("api-yaml"));
    assertThat(modules).isEmpty();
  }

  @Test
  void librariesAreThoseOfTheirFolder() {
    Set<String> inFolder =
        Tree.modulesWithClasses().stream()
            .filter(m -> m.startsWith("kernel/libs"))
            .map(Tree::artifact)
            .collect(Collectors.toSet());
    inFolder.add("promql-grammar");
    assertThat(LIBRARIES.keySet()).isEqualTo(inFolder);
  }

  /** A package that another one uses does not use that one, however many are between them. */
  @Test
  void packagesUseEachOtherInOneDirection() {
    assertThat(DependencyCycles.of(classes.values(), JavaClass::getPackageName, 1)).isEmpty();
  }

  /** What calls itself in circles is read at once or not at all. */
  @Test
  void fewClassesUseEachOther() {
    for (Set<String> cycle :
        DependencyCycles.of(classes.values(), DependencyCycles::outermost, MOST_IN_A_CYCLE)) {
      String first = cycle.iterator().next();
      String in = first.substring(0, first.lastIndexOf('.'));
      assertThat(cycle)
          .as("classes of %s that use each other", in)
          .hasSizeLessThanOrEqualTo(LARGER_CYCLES.getOrDefault(in, MOST_IN_A_CYCLE));
    }
  }

  /**
   * Texts of users become a GoUrl: {@code java.net.URI} and {@code URL} refuse hosts that people
   * have.
   */
  @Test
  void noAddressIsReadByTheUriOfTheJdk() {
    List<String> readers = List.of("java.net.URI", "java.net.URL");
    Set<String> makers = new TreeSet<>();
    for (Map.Entry<String, JavaClasses> module : classes.entrySet()) {
      if (!NOT_SHIPPED.contains(module.getKey())) {
        module.getValue().stream()
            .flatMap(c -> c.getCodeUnitCallsFromSelf().stream())
            .filter(c -> readers.contains(c.getTargetOwner().getFullName()))
            .filter(c -> List.of("create", "<init>").contains(c.getName()))
            .forEach(c -> makers.add(c.getOriginOwner().getFullName()));
      }
    }
    assertThat(makers).isEqualTo(new TreeSet<>(MAKES_URIS.keySet()));
  }

  private static java.util.stream.Stream<String> family(String name) {
    return familyByModule.entrySet().stream()
        .filter(e -> e.getValue().equals(name))
        .map(Map.Entry::getKey)
        .sorted();
  }

  private static JavaClasses classesOf(String module) {
    assertThat(classes).containsKey(module);
    return java.util.Objects.requireNonNull(classes.get(module));
  }

  private static Collection<String> foreign(List<String> modules, Predicate<Dependency> allowed) {
    assertThat(modules).isNotEmpty();
    return modules.stream()
        .flatMap(m -> classesOf(m).stream())
        .flatMap(c -> c.getDirectDependenciesFromSelf().stream())
        .filter(d -> !d.getTargetClass().getBaseComponentType().isPrimitive())
        .filter(allowed.negate())
        .map(Dependency::getDescription)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private static boolean in(Dependency d, String root) {
    String name = d.getTargetClass().getBaseComponentType().getPackageName();
    return name.equals(root) || name.startsWith(root + ".");
  }

  private static boolean allowed(Dependency d, String... roots) {
    for (String root : roots) {
      if (in(d, root)) {
        return true;
      }
    }
    return false;
  }

  private static boolean ofTheApi(Dependency d) {
    return OF_THE_API.stream().anyMatch(root -> in(d, root));
  }

  private static String moduleOf(Dependency d) {
    return String.valueOf(
        moduleByPackage.get(d.getTargetClass().getBaseComponentType().getPackageName()));
  }

  private static boolean sameModule(Dependency d) {
    return moduleOf(d).equals(moduleByPackage.get(d.getOriginClass().getPackageName()));
  }

  /**
   * What a machine may lack is asked for in one place, which tells it; else floors of machines that
   * lack it would be guessed.
   */
  @Test
  void testsAskForWhatAMachineMayLackInOnePlace() throws IOException {
    List<String> others = new ArrayList<>();
    List<Path> modules = new ArrayList<>(Tree.modulesWithClasses());
    modules.add(Path.of("distribution/itests"));
    for (Path module : modules) {
      Path tests = Tree.ROOT.resolve(module).resolve("src/test/java");
      if (!Files.isDirectory(tests)) {
        continue;
      }
      try (Stream<Path> files = Files.walk(tests)) {
        for (Path file : files.filter(f -> f.toString().endsWith(".java")).toList()) {
          String text = Files.readString(file);
          if (text.contains("getenv(\"NARTHEX_SHARED\")")
              || text.contains("getenv(\"NARTHEX_PEERS\")") && !text.contains("Needs.need(")) {
            others.add(module + ": " + file.getFileName());
          }
        }
      }
    }
    assertThat(others).as("tests that should ask io.narthex.testkit.Needs").isEmpty();
  }
}
