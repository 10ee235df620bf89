package io.narthex.bench.scenarios;

import io.narthex.bench.scenarios.ScenarioServer.Installation;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Runs the scenario files of folders (form: Alertmanager's acceptance scenarios as JSON), each
 * against its own server, over HTTP, and prints every failure and {@code passed N of M}.
 *
 * <p>Scenarios have windows of half a second. So no server starts while scenarios run: as many as
 * the memory allows are started, one per processor at a time, and then run together: first those
 * without windows, then the timelines, each a little after the previous one.
 *
 * <p>Usage: {@code AlertmanagerScenarios HOME DIR|FILE …}. Exit status 0 when all passed, 1 when
 * not, 2 when there is nothing to run.
 */
public final class AlertmanagerScenarios {
  private static final long MEMORY_OF_SERVER = 320L << 20;
  private static final long STAGGER_MS = 400;

  /**
   * The result of some scenarios.
   *
   * @param failures what was wrong, by scenario
   */
  public record Outcome(int total, Map<String, String> failures) {
    /** Returns how many passed. */
    public int passed() {
      return total - failures.size();
    }
  }

  private final Path home;
  private final Path work;
  private final Amtool amtool;
  private final Map<String, String> failures = new ConcurrentSkipListMap<>();
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final Semaphore starts =
      new Semaphore(Math.max(1, Runtime.getRuntime().availableProcessors()));
  private final AtomicInteger number = new AtomicInteger();
  private @Nullable Path classes;

  private AlertmanagerScenarios(Path home, Path work, Amtool amtool) {
    this.home = home;
    this.work = work;
    this.amtool = amtool;
  }

  /** Runs the scenarios named on the command line. */
  public static void main(String[] args) {
    if (args.length < 2) {
      System.err.println(
          "conformance alertmanager: no folder given; usage: conformance alertmanager DIR");
      System.exit(2);
    }
    PrintStream out = System.out;
    int status = 2;
    try {
      List<Path> files = new ArrayList<>();
      for (int i = 1; i < args.length; i++) {
        files.addAll(files(Path.of(args[i])));
      }
      if (files.isEmpty()) {
        System.err.println("conformance alertmanager: no .json files; name a folder that has some");
      } else {
        Path work = Files.createTempDirectory("narthex-scenarios");
        Outcome outcome;
        try {
          outcome =
              run(Path.of(args[0]), files, work, Amtool.program().orElseGet(AmtoolRequests::new));
        } finally {
          delete(work);
        }
        outcome.failures.forEach((name, text) -> out.println(name + ": " + text));
        out.println("passed " + outcome.passed() + " of " + outcome.total);
        status = outcome.failures.isEmpty() ? 0 : 1;
      }
    } catch (IOException e) {
      System.err.println("conformance alertmanager: cannot read " + e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    System.exit(status);
  }

  /** Returns the scenarios at or below a path, in order. */
  public static List<Path> files(Path path) throws IOException {
    if (!Files.isDirectory(path)) {
      return List.of(path);
    }
    try (Stream<Path> s = Files.walk(path)) {
      return s.filter(p -> p.toString().endsWith(".json") && Files.isRegularFile(p))
          .sorted()
          .toList();
    }
  }

  /**
   * Plays scenarios, with the HTTP requests that amtool would make instead of amtool.
   *
   * @param home the distribution
   * @param work an empty folder
   */
  public static Outcome run(Path home, List<Path> files, Path work)
      throws IOException, InterruptedException {
    return run(home, files, work, new AmtoolRequests());
  }

  static Outcome run(Path home, List<Path> files, Path work, Amtool amtool)
      throws IOException, InterruptedException {
    AlertmanagerScenarios all = new AlertmanagerScenarios(home, work, amtool);
    try (all.threads) {
      return all.run(files);
    }
  }

  private Outcome run(List<Path> files) throws IOException, InterruptedException {
    List<Scenario> playable = new ArrayList<>();
    for (Path file : files) {
      try {
        Scenario scenario = Scenario.read(file);
        scenario.check();
        if (scenario.instances() == 1) {
          playable.add(scenario);
        } else {
          failures.put(
              scenario.name(),
              "not played: it needs " + scenario.instances() + " members, there is one server");
        }
      } catch (ScenarioException e) {
        failures.put(file.getFileName().toString(), "cannot be understood: " + e.getMessage());
      } catch (com.fasterxml.jackson.core.JacksonException e) {
        failures.put(file.getFileName().toString(), "not JSON: " + e.getOriginalMessage());
      }
    }
    if (playable.size() > 4) {
      makeClasses();
    }
    // a flag that counts from the start of the server cannot wait for other servers
    List<Scenario> cold = playable.stream().filter(AlertmanagerScenarios::cold).toList();
    List<Scenario> warm = new ArrayList<>(playable);
    warm.removeAll(cold);
    warm.sort(Comparator.comparingDouble(s -> -s.json().path("end_at").asDouble()));
    int atOnce = atOnce();
    for (int i = 0; i < Math.max(1, warm.size()); i += atOnce) {
      List<Scenario> together = warm.subList(i, Math.min(warm.size(), i + atOnce));
      playTogether(i == 0 ? cold : List.of(), together);
    }
    return new Outcome(files.size(), new TreeMap<>(failures));
  }

  private static boolean cold(Scenario scenario) {
    return scenario.flags().stream().anyMatch(f -> f.startsWith("--dispatch.start-delay"));
  }

  private static int atOnce() throws IOException {
    Path memory = Path.of("/proc/meminfo");
    long available = 4L << 30;
    if (Files.isReadable(memory)) {
      for (String line : Files.readAllLines(memory)) {
        if (line.startsWith("MemAvailable:")) {
          available = Long.parseLong(line.replaceAll("\\D", "")) << 10;
        }
      }
    }
    return (int) Math.clamp(available / 2 / MEMORY_OF_SERVER, 2, 48);
  }

  /** Has one server write an archive of its classes, from which the others start sooner. */
  private void makeClasses() throws IOException, InterruptedException {
    Path archive = work.resolve("classes.jsa");
    try (ScenarioServer server =
        ScenarioServer.start(
            new Installation(home, null),
            folder(),
            "route: {receiver: none}\nreceivers: [{name: none}]\n",
            List.of(),
            "-XX:ArchiveClassesAtExit=" + archive + " -Xlog:disable")) {
      server.stop();
      classes = archive;
    } catch (ScenarioException e) {
      // the server of each scenario reports the same
    }
  }

  private Path folder() throws IOException {
    return Files.createDirectories(work.resolve("scenario-" + number.incrementAndGet()));
  }

  private @Nullable ScenarioRun started(Scenario scenario) {
    ScenarioRun run;
    try {
      run = new ScenarioRun(scenario, amtool, folder());
    } catch (IOException e) {
      failures.put(scenario.name(), "no folder: " + e.getMessage());
      return null;
    }
    boolean ok = attempt(scenario, () -> run.start(new Installation(home, classes)));
    if (!ok) {
      run.close();
    }
    return ok ? run : null;
  }

  private interface Part {
    void run() throws IOException, InterruptedException;
  }

  /** Runs a part of a scenario and records its failure; returns whether there was none. */
  private boolean attempt(Scenario scenario, Part part) {
    try {
      part.run();
      return true;
    } catch (ScenarioException e) {
      failures.put(scenario.name(), String.valueOf(e.getMessage()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      failures.put(scenario.name(), "interrupted");
    } catch (IOException | RuntimeException e) {
      failures.put(scenario.name(), e.toString());
    }
    return false;
  }

  private void play(Scenario scenario, ScenarioRun run) {
    try (run) {
      attempt(scenario, run::play);
    }
  }

  private void playTogether(List<Scenario> cold, List<Scenario> scenarios)
      throws InterruptedException {
    Map<Scenario, ScenarioRun> running = new java.util.concurrent.ConcurrentHashMap<>();
    List<Future<?>> parts = new ArrayList<>();
    for (Scenario scenario : scenarios) {
      parts.add(
          threads.submit(() -> {
            starts.acquireUninterruptibly();
            try {
              ScenarioRun run = started(scenario);
              if (run != null) {
                running.put(scenario, run);
              }
            } finally {
              starts.release();
            }
          }));
    }
    await(parts);
    parts.clear();
    for (ScenarioRun run : running.values()) {
      parts.add(
          threads.submit(() -> {
            run.awaitIdle();
            return run;
          }));
    }
    await(parts);
    parts.clear();
    for (Scenario scenario : scenarios) {
      ScenarioRun run = running.get(scenario);
      if (run != null && !scenario.kind().equals("timeline")) {
        parts.add(threads.submit(() -> play(scenario, run)));
      }
    }
    await(parts);
    parts.clear();
    for (Scenario scenario : cold) {
      ScenarioRun run = started(scenario);
      if (run != null) {
        parts.add(threads.submit(() -> play(scenario, run)));
      }
    }
    for (Scenario scenario : scenarios) {
      ScenarioRun run = running.get(scenario);
      if (run != null && scenario.kind().equals("timeline")) {
        parts.add(threads.submit(() -> play(scenario, run)));
        Thread.sleep(STAGGER_MS);
      }
    }
    await(parts);
  }

  private static void await(List<Future<?>> parts) throws InterruptedException {
    for (Future<?> part : parts) {
      try {
        part.get();
      } catch (java.util.concurrent.ExecutionException e) {
        throw new IllegalStateException(e.getCause());
      }
    }
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> walk = Files.walk(folder)) {
      for (Path path : walk.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    }
  }
}
