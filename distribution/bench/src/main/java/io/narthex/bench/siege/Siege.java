package io.narthex.bench.siege;

import io.narthex.bench.siege.LatencyProbe.Figures;
import io.narthex.bench.torture.SampleCheck;
import io.narthex.bench.torture.ServerUnderTest;
import io.narthex.bench.torture.SlowEndpoint;
import io.narthex.bench.torture.StallMeter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Attacks a server that has little memory: hostile targets, bombs, heavy queries, slow clients,
 * mutated remote write, bad plugins and foreign pages, all at once, while it does its work. Then
 * checks that its regular work was not affected.
 *
 * <p>Usage: {@code Siege ASSEMBLED_FOLDER [options]}, options as in {@link SiegeOptions}. Ends with
 * 1 when a check failed, with 2 when the run could not be made.
 */
public final class Siege {
  private static final double SLOWER = 5;
  private static final double LARGER = 1.2;
  private static final long NOTIFY_MS = 120_000;

  private final SiegeOptions options;
  private final Path assembled;
  private final Path folder;
  private final Consumer<String> progress;
  private final SiegeReport report = new SiegeReport();

  private Siege(SiegeOptions options, Path assembled, Path folder, Consumer<String> progress) {
    this.options = options;
    this.assembled = assembled;
    this.folder = folder;
    this.progress = progress;
  }

  /** Runs with the options of the command line. */
  public static void main(String[] args) throws InterruptedException {
    SiegeOptions options;
    try {
      options = SiegeOptions.parse(Arrays.asList(args).subList(1, args.length));
    } catch (IllegalArgumentException e) {
      System.err.println(e.getMessage());
      System.exit(2);
      return;
    }
    try {
      Path folder = Files.createTempDirectory("narthex-siege");
      SiegeReport report;
      try {
        report = run(options, Path.of(args[0]).toAbsolutePath(), folder, System.out::println);
      } finally {
        if (options.keep()) {
          System.out.println("kept: " + folder);
        } else {
          delete(folder);
        }
      }
      report.lines().forEach(System.out::println);
      System.exit(report.passed() ? 0 : 1);
    } catch (IOException e) {
      System.err.println("siege: " + e.getMessage());
      System.exit(2);
    }
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }

  /**
   * Makes a run.
   *
   * @param assembled folder with bin and lib of the server
   * @param folder an empty one, for data, configuration and the server's log
   * @param progress receives a line now and then
   * @throws IOException when the server cannot be started
   */
  public static SiegeReport run(
      SiegeOptions options, Path assembled, Path folder, Consumer<String> progress)
      throws IOException, InterruptedException {
    return new Siege(options, assembled, folder, progress).run();
  }

  private SiegeReport run() throws IOException, InterruptedException {
    Path plugins = Files.createDirectories(folder.resolve("plugins"));
    BadPlugins bad =
        new BadPlugins(
            assembled.resolve("lib/system"), folder.resolve("bad"), plugins, options.seed());
    Duration alertEvery = options.interval().multipliedBy(3);
    try (GoodTargets good = new GoodTargets(options.targets(), options.series(), alertEvery);
        HostileTargets hostile = new HostileTargets(options.seed());
        SlowEndpoint endpoint = new SlowEndpoint(Duration.ofMillis(50));
        MemoryLimit limit = MemoryLimit.of(options.memory())) {
      good.writeFile(folder.resolve("good.json"));
      hostile.writeFile(folder.resolve("hostile.json"), false);
      configure(endpoint.url());
      report.note(
          "seed "
              + options.seed()
              + "; "
              + limit.words()
              + "; "
              + options.series()
              + " series of "
              + options.targets()
              + " targets every "
              + options.interval().toSeconds()
              + " s");
      try (ServerUnderTest server =
          ServerUnderTest.start(
              assembled,
              folder,
              plugins,
              limit.launch(
                  List.of("--web.enable-remote-write-receiver", "--web.read-timeout=10s")))) {
        Thread end =
            new Thread(() -> {
              server.close();
              limit.close();
            });
        Runtime.getRuntime().addShutdownHook(end); // no process is left when the run is killed
        try {
          besiege(server, good, hostile, endpoint, bad);
        } catch (IOException e) {
          if (server.alive()) {
            throw e;
          }
          report.check("server", false, "pid " + server.pid() + " has ended: " + e, List.of());
          problemsOfLog(server);
        }
        Runtime.getRuntime().removeShutdownHook(end);
      }
    }
    return report;
  }

  private void configure(String url) throws IOException {
    StringBuilder jobs = new StringBuilder();
    for (String type : BadPlugins.TYPES) {
      jobs.append("  - {job_name: ")
          .append(type)
          .append(", ")
          .append(type)
          .append("_sd_configs: [{address: '127.0.0.1:1'}]}\n");
    }
    String interval = options.interval().toSeconds() + "s";
    Files.writeString(
        folder.resolve("prometheus.yml"),
        """
        global: {scrape_interval: INTERVAL, scrape_timeout: INTERVAL, evaluation_interval: INTERVAL}
        rule_files: [rules.yml]
        scrape_configs:
          - job_name: good
            scrape_failure_log_file: failed.jsonl
            file_sd_configs: [{files: [good.json], refresh_interval: 1s}]
          - job_name: hostile
            scrape_interval: 3s
            scrape_timeout: 2s
            scrape_native_histograms: true
            file_sd_configs: [{files: [hostile.json], refresh_interval: 1s}]
        """
                .replace("INTERVAL", interval)
            + jobs);
    Files.writeString(
        folder.resolve("rules.yml"),
        """
        groups:
          - name: siege
            rules:
              - {record: 'siege:value:sum', expr: sum by (part) (siege_value)}
              - {alert: Siege, expr: siege_alert == 1}
        """);
    Files.writeString(
        folder.resolve("alertmanager.yml"),
        """
        route: {receiver: sink, group_by: ['...'], group_wait: 100ms, group_interval: 3s, repeat_interval: 12h}
        receivers:
          - name: sink
            webhook_configs: [{url: '%s', send_resolved: false}]
        """
            .replace("%s", url));
  }

  private void besiege(
      ServerUnderTest server,
      GoodTargets good,
      HostileTargets hostile,
      SlowEndpoint endpoint,
      BadPlugins bad)
      throws IOException, InterruptedException {
    awaitTargets(server);
    Thread.sleep(options.interval().multipliedBy(2));
    long fromMs = System.currentTimeMillis();
    int firstAlert = good.sequence() + 1;
    Attacks attacks = new Attacks(server.port(), 100, options.measured() ? 1 : 3);
    List<Attack> all = new ArrayList<>(attacks.all());
    all.add(new Attack("bad plugins", 5000, "", random -> bad.dropAndRemove(server)));
    try (StallMeter stalls = new StallMeter();
        LatencyProbe probe = new LatencyProbe(server)) {
      progress.accept("quiet for " + options.quiet().toSeconds() + " s");
      Thread.sleep(options.quiet().dividedBy(3)); // the JVM still compiles after a start
      probe.take();
      Duration settled = options.quiet().dividedBy(3);
      Thread.sleep(settled);
      Memory memoryBefore = Memory.watch(server.pid(), settled);
      Figures quiet = probe.take();
      Map<String, Double> before = Counters.read(server);
      progress.accept("quiet: " + quiet + ", " + memoryBefore);

      hostile.writeFile(folder.resolve("hostile.json"), true);
      Figures siege = siege(server, all, probe);
      hostile.writeFile(folder.resolve("hostile.json"), false);
      int lastAlert = good.sequence() - 1;
      boolean alive = server.alive();
      report.check(
          "server", alive, "pid " + server.pid() + (alive ? " runs" : " has ended"), List.of());
      if (!alive) {
        problemsOfLog(server);
        return;
      }
      Map<String, Double> after = patiently(server);
      progress.accept("rest for " + options.rest().toSeconds() + " s");
      rest(server, settled);
      Memory memoryAfter = Memory.watch(server.pid(), settled);
      progress.accept("rest: " + memoryAfter);
      probe.take();
      long toMs = System.currentTimeMillis() - 2000;

      up(server, fromMs, toMs);
      alerts(endpoint, firstAlert, lastAlert);
      latency(quiet, siege);
      memory(memoryBefore, memoryAfter);
      refusals(all, hostile, bad, Counters.risen(before, after));
      problemsOfLog(server);
      report.note(
          String.format(
              Locale.ROOT,
              "the harness itself stood still for %.2f s at most, at %s",
              stalls.longest(),
              stalls.at()));
    }
  }

  private void awaitTargets(ServerUnderTest server) throws IOException, InterruptedException {
    String path = "/api/v1/query?query=" + ServerUnderTest.encode("count(up{job=\"good\"} == 1)");
    long deadline = System.nanoTime() + 120_000_000_000L;
    String found = "";
    while (!found.equals(Integer.toString(options.targets()))) {
      if (System.nanoTime() - deadline > 0) {
        throw new IOException("not all targets are scraped after two minutes: " + found);
      }
      Thread.sleep(500);
      found = server.data(path).path("result").path(0).path("value").path(1).asText();
    }
  }

  /** Runs all attacks for the time given, or until the server ends. */
  private Figures siege(ServerUnderTest server, List<Attack> all, LatencyProbe probe)
      throws InterruptedException, IOException {
    AtomicBoolean stopping = new AtomicBoolean();
    List<Thread> threads = new ArrayList<>();
    for (Attack attack : all) {
      threads.add(
          Thread.ofVirtual() // those wake from a read when they are interrupted
              .name(attack.name())
              .start(() -> {
                try {
                  attack.run(options.seed(), stopping);
                } catch (InterruptedException e) {
                  Thread.currentThread().interrupt();
                }
              }));
    }
    progress.accept("siege for " + options.siege().toSeconds() + " s, " + all.size() + " attacks");
    long begun = System.nanoTime();
    long nextLine = begun;
    while (server.alive() && System.nanoTime() - begun < options.siege().toNanos()) {
      Thread.sleep(500);
      if (System.nanoTime() - nextLine > 0) {
        nextLine += 30_000_000_000L;
        progress.accept(
            String.format(
                Locale.ROOT,
                "%4d s: %d MiB",
                (System.nanoTime() - begun) / 1_000_000_000,
                server.alive() ? Memory.anonymous(server.pid()) >> 20 : 0));
      }
    }
    Figures figures = probe.take();
    stopping.set(true);
    threads.forEach(Thread::interrupt);
    for (Thread thread : threads) {
      thread.join(60_000);
    }
    return figures;
  }

  private void rest(ServerUnderTest server, Duration settled)
      throws InterruptedException, IOException {
    long all = options.rest().minus(settled).toMillis();
    long begun = System.nanoTime();
    for (long left = all; left > 0; ) {
      Thread.sleep(Math.min(left, 60_000));
      long elapsed = (System.nanoTime() - begun) / 1_000_000;
      left = all - elapsed;
      progress.accept(
          String.format(
              Locale.ROOT,
              "%4d s of rest: %d MiB",
              elapsed / 1000,
              Memory.anonymous(server.pid()) >> 20));
    }
  }

  /** Reads the counters, with retries for a server that is still busy. */
  private static Map<String, Double> patiently(ServerUnderTest server)
      throws IOException, InterruptedException {
    for (int i = 0; ; i++) {
      try {
        return Counters.read(server);
      } catch (IOException e) {
        if (i == 10) {
          throw e;
        }
        Thread.sleep(1000);
      }
    }
  }

  private void up(ServerUnderTest server, long fromMs, long toMs)
      throws IOException, InterruptedException {
    SampleCheck check = new SampleCheck(server, fromMs, toMs, options.interval().toMillis());
    check.up("good", options.targets());
    report.check(
        "targets",
        check.gaps() == 0 && check.down() == 0,
        String.format(
            Locale.ROOT,
            "up of %d targets, %d samples in %d s: %d gaps, %d scrapes failed",
            options.targets(),
            check.samples(),
            (toMs - fromMs) / 1000,
            check.gaps(),
            check.down()),
        check.problems());
    Path failures = folder.resolve("failed.jsonl");
    if (Files.exists(failures)) {
      try (Stream<String> lines = Files.lines(failures)) {
        lines.limit(20).forEach(report::note);
      }
    }
  }

  private void alerts(SlowEndpoint endpoint, int first, int last) throws InterruptedException {
    long deadline = System.nanoTime() + Math.max(NOTIFY_MS, 0) * 1_000_000;
    List<String> missing;
    do {
      missing = new ArrayList<>();
      for (int i = first; i <= last; i++) {
        if (endpoint.times("firing", Integer.toString(i)) == 0) {
          missing.add("alert " + i + " never came");
        }
      }
      if (missing.isEmpty()) {
        break;
      }
      Thread.sleep(500);
    } while (System.nanoTime() - deadline < 0);
    int owed = last - first + 1;
    report.check(
        "alerts",
        missing.isEmpty() && owed > 0,
        (owed - missing.size()) + " of " + owed + " came to the receiver",
        missing);
  }

  private void latency(Figures quiet, Figures siege) {
    double times = siege.p99() / quiet.p99();
    List<String> examples = new ArrayList<>();
    Map<String, Integer> wrong = new TreeMap<>();
    siege.wrong().forEach(w -> wrong.merge(w, 1, Integer::sum));
    examples.add("before: " + quiet);
    examples.add("not answered: " + wrong);
    String detail =
        String.format(
            Locale.ROOT, "p99 %.1f times that of before; before %s; siege %s", times, quiet, siege);
    if (options.measured()) {
      report.check("small query", times <= SLOWER && siege.wrong().isEmpty(), detail, examples);
    } else {
      report.note("small query: " + detail + " " + wrong);
    }
  }

  private void memory(Memory before, Memory after) {
    double times = (double) after.median() / before.median();
    String detail =
        String.format(
            Locale.ROOT, "anonymous %s after, %s before: %.2f times", after, before, times);
    if (options.measured()) {
      report.check("memory", times <= LARGER, detail, List.of());
    } else {
      report.note("memory: " + detail);
    }
  }

  private void refusals(
      List<Attack> attacks, HostileTargets hostile, BadPlugins bad, Map<String, Double> risen) {
    List<String> unseen = new ArrayList<>();
    attacks.forEach(a -> report.note("attack " + a.name() + ": " + a.outcomes()));
    for (Attack attack : attacks) {
      if (attack.made() && !attack.evidence().isEmpty() && !rose(attack.evidence(), risen)) {
        unseen.add(attack.name() + " is not counted: no " + attack.evidence() + " rose");
      }
    }
    hostile
        .evidence()
        .forEach((kind, evidence) -> {
          report.note("hostile target " + kind + ": asked " + hostile.asked(kind) + " times");
          if (hostile.asked(kind) > 0 && !rose(evidence, risen)) {
            unseen.add("target " + kind + " is not counted: no " + evidence + " rose");
          }
        });
    bad.unseen().forEach(name -> unseen.add("bad plugin " + name + " shows in no metric"));
    bad.seen().forEach(s -> report.note("bad plugin: " + s));
    risen.forEach(
        (series, by) -> report.note(String.format(Locale.ROOT, "rose by %8.0f: %s", by, series)));
    report.check("refusals", unseen.isEmpty(), risen.size() + " counters rose", unseen);
  }

  private static boolean rose(String evidence, Map<String, Double> risen) {
    Pattern pattern = Pattern.compile(evidence, 0);
    return risen.keySet().stream().anyMatch(s -> pattern.matcher(s).find());
  }

  private void problemsOfLog(ServerUnderTest server) throws IOException {
    List<String> problems = LogCheck.problems(server.log());
    report.check(
        "log",
        problems.isEmpty(),
        problems.size() + " kinds of errors and stack traces beyond: " + LogCheck.allowed(),
        problems);
  }
}
