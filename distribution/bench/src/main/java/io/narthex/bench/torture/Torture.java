package io.narthex.bench.torture;

import io.narthex.bench.torture.ServerUnderTest.PluginState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * Updates one discovery, notifier, exporter and storage of a real server repeatedly while it
 * scrapes, notifies and answers queries, then checks that nothing was lost, duplicated, leaked or
 * restarted. Then does the same with bundles of the kernel.
 *
 * <p>Usage: {@code Torture ASSEMBLED_FOLDER [options]}, options as in {@link TortureOptions}. Ends
 * with 1 when a check failed, with 2 when the run could not be made.
 */
public final class Torture {
  private static final long SETTLE_MS = 5_000;
  private static final long NOTIFY_MS = 90_000;
  private static final long LEAK_MS = 30_000;
  private static final String RULE = "torture:targets:sum";

  private final TortureOptions options;
  private final Path assembled;
  private final Path folder;
  private final Consumer<String> progress;
  private final TortureReport report = new TortureReport();

  private Torture(TortureOptions options, Path assembled, Path folder, Consumer<String> progress) {
    this.options = options;
    this.assembled = assembled;
    this.folder = folder;
    this.progress = progress;
  }

  /** Runs with the options of the command line. */
  public static void main(String[] args) throws InterruptedException {
    TortureOptions options;
    try {
      options = TortureOptions.parse(Arrays.asList(args).subList(1, args.length));
    } catch (IllegalArgumentException e) {
      System.err.println(e.getMessage());
      System.exit(2);
      return;
    }
    try {
      Path folder = Files.createTempDirectory("narthex-torture");
      TortureReport report;
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
      System.err.println("torture: " + e.getMessage());
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
   * @throws IOException when the server cannot be started or an update does not run
   */
  public static TortureReport run(
      TortureOptions options, Path assembled, Path folder, Consumer<String> progress)
      throws IOException, InterruptedException {
    return new Torture(options, assembled, folder, progress).run();
  }

  private TortureReport run() throws IOException, InterruptedException {
    Path plugins = Files.createDirectories(folder.resolve("plugins"));
    try (TargetFarm farm = new TargetFarm(options.targets());
        SlowEndpoint endpoint = new SlowEndpoint(options.endpointDelay())) {
      farm.writeFiles(folder);
      writeConfiguration(endpoint.url());
      try (ServerUnderTest server = ServerUnderTest.start(assembled, folder, plugins)) {
        warmUp(server);
        try {
          run(server, endpoint, plugins);
        } catch (IOException e) {
          throw server.alive() ? e : new IOException("the server has ended: " + e.getMessage(), e);
        }
      }
    }
    return report;
  }

  private void writeConfiguration(String url) throws IOException {
    Files.writeString(
        folder.resolve("prometheus.yml"),
        """
        global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}
        rule_files: [rules.yml]
        scrape_configs:
          - {job_name: targets, file_sd_configs: [{files: ['targets-*.json']}]}
          - {job_name: node, metrics_path: /exporters/node/metrics, static_configs: [{targets: [self]}]}
          - {job_name: jvm, metrics_path: /exporters/jvm/metrics, static_configs: [{targets: [self]}]}
          - {job_name: narthex, static_configs: [{targets: [self]}]}
        """);
    Files.writeString(
        folder.resolve("rules.yml"),
        """
        groups:
          - name: torture
            rules:
              - {record: '%s', expr: sum(torture_constant)}
              - {alert: Always, expr: vector(1), labels: {seq: always}}
        """
            .replace("%s", RULE));
    Files.writeString(
        folder.resolve("alertmanager.yml"),
        """
        route: {receiver: slow, group_by: ['...'], group_wait: 100ms, group_interval: 3s, repeat_interval: 12h}
        receivers:
          - name: slow
            webhook_configs: [{url: '%s', send_resolved: true}]
        """
            .replace("%s", url));
  }

  private void warmUp(ServerUnderTest server) throws IOException, InterruptedException {
    String wanted = Integer.toString(options.targets());
    String path = "/api/v1/query?query=" + ServerUnderTest.encode("count(up{job=\"targets\"}==1)");
    long deadline = System.nanoTime() + 60_000_000_000L;
    String found = "";
    while (!found.equals(wanted)) {
      if (System.nanoTime() - deadline > 0) {
        throw new IOException("not all targets are scraped after a minute: " + found);
      }
      Thread.sleep(200);
      found = server.data(path).path("result").path(0).path("value").path(1).asText();
    }
    Thread.sleep(2_000); // two scrapes and evaluations of each, before which a series may begin
  }

  private void run(ServerUnderTest server, SlowEndpoint endpoint, Path plugins)
      throws IOException, InterruptedException {
    Path shipped = assembled.resolve("lib/plugins");
    List<RepackedJar> jars =
        List.of(
            RepackedJar.read(
                shipped,
                "discovery-file",
                new VersionMark(
                    "io/narthex/discovery/file/TargetFile.class",
                    "__meta_filepath",
                    () -> server.get("/api/v1/targets?state=active&scrapePool=targets").body())),
            RepackedJar.read(
                shipped,
                "notifier-webhook",
                new VersionMark(
                    "io/narthex/notifier/webhook/WebhookNotifier.class",
                    "Alertmanager/0.34.0",
                    endpoint::agent)),
            RepackedJar.read(
                shipped,
                "exporter-node",
                new VersionMark(
                    "io/narthex/exporter/node/SystemCollectors.class",
                    "Labeled system information as provided by the uname system call.",
                    () -> server.get("/exporters/node/metrics").body())),
            RepackedJar.read(
                shipped,
                "storage-tsdb",
                new VersionMark(
                    "io/narthex/storage/tsdb/TsdbStorage.class",
                    "tsdb {}: ready with {} series in the head and {} blocks after {} s",
                    () -> Files.readString(server.log()))));
    try (StallMeter stalls = new StallMeter();
        AlertLoad alerts = new AlertLoad(server, endpoint, options.notificationsPerSecond());
        WriteLoad writes = new WriteLoad(server);
        QueryLoad queries = new QueryLoad(server, progress)) {
      queries.number("count(up{job=\"targets\"} == 1)", options.targets());
      queries.number("sum(torture_constant)", (long) TargetFarm.CONSTANT * options.targets());
      queries.number(RULE, (long) TargetFarm.CONSTANT * options.targets());
      queries.settled("/api/v1/label/job/values?match[]=up");
      queries.start();
      // the JVM still compiles after a start, which is not the subject here
      Thread.sleep(options.warmUp());
      queries.begin();
      long begunMs = System.currentTimeMillis();
      Thread.sleep(SETTLE_MS);
      queries.settled("sum by (target) (torture_scrapes_total)", begunMs, begunMs + 3_000);

      UpdateCycles cycles = new UpdateCycles(server, plugins, jars);
      long metaspace = 0;
      for (int cycle = 1; cycle <= options.cycles(); cycle++) {
        cycles.run(cycle);
        if (cycle == options.baselineCycle()) {
          metaspace = settledMetaspace(server);
          long now = System.currentTimeMillis();
          queries.settled("sum by (part) (rate(torture_part[5s]))", now - 20_000, now - SETTLE_MS);
          queries.settled("avg by (target) (torture_scrapes_total)", now - 10_000, now - SETTLE_MS);
        }
        if (cycle % 10 == 0) {
          progress.accept(line(cycle, begunMs, endpoint, queries));
        }
        Thread.sleep(options.pause());
      }
      double cycleSeconds = (System.currentTimeMillis() - begunMs) / 1000.0;
      int plainWrong = queries.wrong();
      String queryDetail = queryDetail(queries);
      List<String> wrongOnes = queries.wrongOnes();
      cycles.look(server.plugins());
      long kernelMs = System.currentTimeMillis();
      int kernel = kernelCycles(server, queries);

      List<String> lost = alerts.finish(NOTIFY_MS);
      Thread.sleep(SETTLE_MS); // a second notification may be late
      long endMs = System.currentTimeMillis() - SETTLE_MS;
      queries.close();

      report.note(
          String.format(
              Locale.ROOT,
              "the harness itself stood still for %.2f s at most, at %s",
              stalls.longest(),
              stalls.at()));
      SampleCheck samples = samples(server, begunMs, Math.min(kernelMs, endMs), endMs);
      report.check("queries", plainWrong == 0, queryDetail, wrongOnes);
      List<String> unwritten = writes.finish();
      report.check(
          "remote write",
          unwritten.isEmpty(),
          String.format(
              Locale.ROOT,
              "%d samples of each of %d series accepted, %d requests sent again after 503; %d faults",
              writes.accepted(),
              WriteLoad.SERIES,
              writes.repeated(),
              unwritten.size()),
          unwritten);
      notifications(endpoint, alerts, lost);
      leaks(server, metaspace);
      report.check(
          "other plugins",
          cycles.restarted().isEmpty(),
          cycles.others() + " watched, start times changed: " + cycles.restarted().size(),
          List.copyOf(cycles.restarted()));
      report.summary(
          String.format(
              Locale.ROOT,
              "%d cycles of %s in %.0f s, %d kernel cycles; %d gaps, %d scrapes lost, %d failed, in %d series"
                  + " (%d samples); %d notifications, %d lost, %d duplicated; %d queries, %d of them 503,"
                  + " %d wrong",
              options.cycles(),
              cycles.updates().keySet(),
              cycleSeconds,
              kernel,
              samples.gaps(),
              samples.lost(),
              samples.down(),
              samples.series(),
              samples.samples(),
              endpoint.requests(),
              lost.size(),
              endpoint.doubled().size(),
              queries.right() + queries.unavailable() + queries.wrong(),
              queries.unavailable(),
              queries.wrong()));
    }
  }

  private static String line(int cycle, long begunMs, SlowEndpoint endpoint, QueryLoad queries) {
    return String.format(
        Locale.ROOT,
        "cycle %d after %.0f s: %d notifications, queries %d right, %d unavailable, %d wrong",
        cycle,
        (System.currentTimeMillis() - begunMs) / 1000.0,
        endpoint.requests(),
        queries.right(),
        queries.unavailable(),
        queries.wrong());
  }

  private static String queryDetail(QueryLoad queries) {
    return String.format(
        Locale.ROOT,
        "%d right, %d answered 503 with Retry-After, %d wrong; longest time without an answer %.1f s",
        queries.right(),
        queries.unavailable(),
        queries.wrong(),
        queries.longestOutage());
  }

  /** Updates bundles of the kernel; returns how many cycles were made. */
  private int kernelCycles(ServerUnderTest server, QueryLoad queries)
      throws IOException, InterruptedException {
    if (options.kernelCycles() == 0) {
      return 0;
    }
    int wrong = queries.wrong();
    int unavailable = queries.unavailable();
    int right = queries.right();
    Map<String, PluginState> before = server.plugins();
    KernelCycles cycles = new KernelCycles(server, assembled.resolve("lib/kernel"));
    for (int cycle = 1; cycle <= options.kernelCycles(); cycle++) {
      cycles.run(cycle);
      if (cycle % 10 == 0) {
        progress.accept("kernel cycle " + cycle + ": " + queryDetail(queries));
      }
      Thread.sleep(options.pause());
    }
    List<String> restarted = new ArrayList<>();
    server
        .plugins()
        .forEach((id, now) -> {
          PluginState then = before.get(id);
          if (!now.kernel() && (then == null || then.startedMs() != now.startedMs())) {
            restarted.add(id);
          }
        });
    report.check(
        "plugins during kernel updates",
        restarted.isEmpty(),
        "start times changed: " + restarted.size(),
        restarted);
    report.check(
        "queries during kernel updates",
        queries.wrong() == wrong && queries.right() > right,
        (queries.right() - right)
            + " right, "
            + (queries.unavailable() - unavailable)
            + " answered 503 with Retry-After, "
            + (queries.wrong() - wrong)
            + " wrong",
        queries.wrongOnes());
    return options.kernelCycles();
  }

  /**
   * Checks what was stored.
   *
   * @param rulesToMs when the query engine, without which no rule is evaluated, began to be updated
   */
  private SampleCheck samples(ServerUnderTest server, long fromMs, long rulesToMs, long toMs)
      throws IOException, InterruptedException {
    SampleCheck samples = new SampleCheck(server, fromMs, toMs);
    samples.targets(options.targets());
    for (String job : List.of("node", "jvm", "narthex")) {
      samples.job(job);
    }
    samples.rule(RULE, rulesToMs);
    samples.present("count(torture_constant)", options.targets());
    boolean held =
        samples.gaps() == 0
            && samples.lost() == 0
            && samples.down() == 0
            && samples.restarts() == 0;
    report.check(
        "samples",
        held,
        String.format(
            Locale.ROOT,
            "%d gaps, %d scrapes lost, %d scrapes failed, %d targets started again; %d series, %d samples",
            samples.gaps(),
            samples.lost(),
            samples.down(),
            samples.restarts(),
            samples.series(),
            samples.samples()),
        samples.problems());
    return samples;
  }

  private void notifications(SlowEndpoint endpoint, AlertLoad alerts, List<String> lost) {
    List<String> doubled = endpoint.doubled();
    List<String> examples = new ArrayList<>();
    lost.stream().limit(5).forEach(l -> examples.add("lost: " + l));
    doubled.stream().limit(5).forEach(d -> examples.add("doubled: " + d));
    int always = endpoint.times("firing", "always");
    int ended = endpoint.times("resolved", "always");
    if (always != 1 || ended != 0) {
      examples.add(
          "the alert of a rule was notified "
              + always
              + " times as firing, "
              + ended
              + " times as resolved");
    }
    report.check(
        "notifications",
        examples.isEmpty(),
        String.format(
            Locale.ROOT,
            "%d of %d alerts, firing and resolved: %d lost, %d duplicated",
            endpoint.requests(),
            alerts.alerts(),
            lost.size(),
            doubled.size()),
        examples);
  }

  private void leaks(ServerUnderTest server, long baseline)
      throws IOException, InterruptedException {
    long metaspace = settledMetaspace(server);
    List<String> leaking = leaking(server);
    report.check(
        "class loaders",
        leaking.isEmpty(),
        leaking.size() + " plugins with more than one live class loader after GC",
        leaking);
    if (options.cycles() > 0) {
      long growth = metaspace - baseline;
      report.check(
          "metaspace",
          growth <= TortureOptions.METASPACE_GROWTH,
          String.format(
              Locale.ROOT,
              "%.1f MiB after cycle %d, %.1f MiB at the end, growth %.1f MiB, %.0f MiB allowed",
              baseline / 1048576.0,
              options.baselineCycle(),
              metaspace / 1048576.0,
              growth / 1048576.0,
              TortureOptions.METASPACE_GROWTH / 1048576.0),
          List.of());
    }
  }

  /** Returns the metaspace in use once previous versions are collected, or after some time. */
  private static long settledMetaspace(ServerUnderTest server)
      throws IOException, InterruptedException {
    long deadline = System.nanoTime() + LEAK_MS * 1_000_000;
    server.collectGarbage();
    while (!leaking(server).isEmpty() && System.nanoTime() - deadline < 0) {
      Thread.sleep(500);
      server.collectGarbage();
    }
    return server.metaspace();
  }

  private static List<String> leaking(ServerUnderTest server)
      throws IOException, InterruptedException {
    List<String> out = new ArrayList<>();
    for (Map.Entry<String, PluginState> e : server.plugins().entrySet()) {
      if (e.getValue().formerLoaders() > 0) {
        out.add(e.getKey() + ": " + e.getValue().formerLoaders() + " of previous versions");
      }
    }
    return out;
  }
}
