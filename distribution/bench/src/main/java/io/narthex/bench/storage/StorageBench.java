package io.narthex.bench.storage;

import io.narthex.bench.Answer;
import io.narthex.bench.Peer;
import io.narthex.bench.Proof;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Measures the local storage next to the real Prometheus and VictoriaMetrics on identical data, one
 * server at a time, in rounds of all three. Processor time is that of the server's process; answers
 * of Narthex must equal those of Prometheus in the same round.
 *
 * <p>Usage: {@code StorageBench WHAT DOCUMENT ASSEMBLED_FOLDER [--rounds=3] [--scale=100]
 * [--only=N] [--seed=N] [--keep]}; {@code WHAT} is one of {@code load-10k}, {@code load-1m}, {@code
 * scrape}, {@code restart}, {@code labels}, {@code memory}. The rows that were measured replace
 * those of the table in the document when all rounds are of full size ({@code scale}, in per cent)
 * and all answers were right. With {@code --only} only the first (Prometheus), second
 * (VictoriaMetrics) or third (Narthex) server runs, and nothing is compared.
 */
public final class StorageBench {
  private static final List<String> COMMANDS =
      List.of("load-10k", "load-1m", "scrape", "restart", "labels", "memory");

  private static final long IDLE_MS = 90_000;
  private static final long SCRAPE_WARM_MS = 20_000;
  private static final long SCRAPE_MS = 60_000;

  private final Proof proof;
  private final Figures figures = new Figures();
  private final List<String> differences = new ArrayList<>();

  private StorageBench(Proof proof) {
    this.proof = proof;
  }

  /** Runs with the options of the command line. */
  public static void main(String[] args) throws InterruptedException {
    String what = args.length == 0 ? "" : args[0];
    if (!COMMANDS.contains(what)) {
      System.err.println(
          "storage: unknown measurement \"" + what + "\"; one of " + String.join(", ", COMMANDS));
      System.exit(2);
    }
    Path document = Path.of(args[1]).toAbsolutePath();
    Proof.run(
        "storage " + what,
        Arrays.copyOfRange(args, 2, args.length),
        Map.of("rounds", 3L, "scale", 100L, "only", 0L),
        proof -> new StorageBench(proof).run(what, document));
  }

  private void run(String what, Path document) throws IOException, InterruptedException {
    long rounds = proof.number("rounds");
    if (what.equals("restart")) {
      restart((int) rounds);
    }
    for (int round = 1; round <= rounds && !what.equals("restart"); round++) {
      System.out.println("round " + round + " of " + rounds);
      switch (what) {
        case "load-10k" ->
            load(new RemoteLoad(workload(100, 100), scaled(1920)), RemoteLoad.Rows.TEN_THOUSAND);
        case "load-1m" ->
            load(new RemoteLoad(workload(scaled(1000), 1000), 40), RemoteLoad.Rows.MILLION);
        case "scrape" -> scrape();
        case "labels" -> labels();
        default -> memory();
      }
    }
    boolean all = subjects().size() > 1;
    if (all) {
      proof.verdict("answers", "those of Narthex equal those of Prometheus", differences);
    }
    String run =
        String.format(
            Locale.ROOT, "%s, %d rounds, %s", LocalDate.now(ZoneOffset.UTC), rounds, revision());
    figures.print(run);
    if (all && proof.number("scale") == 100 && rounds >= 3 && proof.passed()) {
      figures.write(document, run);
      System.out.println("written to " + document);
    }
  }

  /** Returns the servers that take part. */
  private List<Subject> subjects() {
    int only = (int) proof.number("only");
    return only == 0
        ? List.of(Subject.values())
        : List.of(Subject.values()[Math.clamp(only - 1, 0, Subject.values().length - 1)]);
  }

  private int scaled(int size) {
    return (int) Math.max(1, size * proof.number("scale") / 100);
  }

  private Workload workload(int targets, int perTarget) {
    return new Workload(targets, perTarget, proof.number("seed"));
  }

  private String revision() throws IOException {
    try (Stream<String> lines = Files.lines(assembled().resolve("lib/build.properties"))) {
      return lines
          .filter(line -> line.startsWith("build.revision="))
          .map(line -> line.substring(15, Math.min(line.length(), 23)))
          .findFirst()
          .orElse("");
    }
  }

  Path assembled() {
    return proof.assembled();
  }

  Path folder() {
    return proof.folder();
  }

  void add(Row row, Subject subject, double value) {
    figures.add(row, subject, value);
    System.out.println("       " + subject + ": " + row.title + ": " + Row.trim(value));
  }

  void differences(List<String> found) {
    differences.addAll(found);
  }

  /** Deletes what a server has left; a round takes much disk. */
  void delete(Path folder) throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path file : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  private void load(RemoteLoad load, RemoteLoad.Rows rows)
      throws IOException, InterruptedException {
    Map<String, Answer> expected = Map.of();
    for (Subject subject : subjects()) {
      Map<String, Answer> answers = load.round(subject, this, rows, expected);
      if (subject == Subject.PROMETHEUS) {
        expected = answers;
      }
    }
  }

  /** Scrapes for a while; then values stand still, and all servers must know the same ones. */
  private void scrape() throws IOException, InterruptedException {
    Map<String, Double> expected = Map.of();
    for (Subject subject : subjects()) {
      Path folder = Files.createTempDirectory(folder(), subject.name());
      Workload workload = workload(100, scaled(10) * 100);
      try (ScrapedTargets targets = new ScrapedTargets(workload);
          Peer peer = subject.start(assembled(), folder, targets.config());
          Footprint.Watch watch = new Footprint.Watch(peer.pid())) {
        advance(targets, SCRAPE_WARM_MS);
        double before = peer.cpuSeconds();
        long scrapes = targets.scrapes();
        advance(targets, SCRAPE_MS);
        long samples = (targets.scrapes() - scrapes) * workload.perTarget();
        add(Row.SCRAPE, subject, (peer.cpuSeconds() - before) * 1e6 / samples);
        add(Row.MEMORY_100K, subject, watch.peak() / 1048576.0);
        System.out.printf(
            Locale.ROOT, "       %s: %.0f samples/s%n", subject, samples / (SCRAPE_MS / 1000.0));
        Thread.sleep(3_000); // all have the last values
        Map<String, Double> answers = values(peer, workload.targets() - 1);
        if (subject == Subject.PROMETHEUS) {
          expected = answers;
        } else if (subject == Subject.NARTHEX && (answers.isEmpty() || !answers.equals(expected))) {
          differences.add("values of the last target: " + difference(expected, answers));
        }
      }
      delete(folder);
    }
  }

  /** Changes the values once a second. */
  private static void advance(ScrapedTargets targets, long millis) throws InterruptedException {
    long begun = System.nanoTime();
    for (int second = 1; second <= millis / 1000; second++) {
      targets.advance();
      Thread.sleep(Math.max(1, second * 1000L - (System.nanoTime() - begun) / 1_000_000));
    }
  }

  private static Map<String, Double> values(Peer peer, int target)
      throws IOException, InterruptedException {
    String selector =
        "{__name__=~\"node_.*|http_.*\",instance=\"" + Workload.instance(target) + "\"}";
    Map<String, Double> values = new TreeMap<>();
    peer.answer("/api/v1/query?query=" + DashboardQueries.encode(selector))
        .series()
        .forEach((labels, points) -> values.put(labels, points.value(0)));
    return values;
  }

  private static String difference(Map<String, ?> expected, Map<String, ?> actual) {
    return expected.entrySet().stream()
        .filter(e -> !e.getValue().equals(actual.get(e.getKey())))
        .map(e -> e.getKey() + " is " + actual.get(e.getKey()) + ", expected " + e.getValue())
        .findFirst()
        .orElse(expected.size() + " series expected, got " + actual.size());
  }

  /** Kills each server with the same data, and starts it on a copy of what that left. */
  private void restart(int rounds) throws IOException, InterruptedException {
    String sum = null;
    for (Subject subject : subjects()) {
      double[] empty = new double[rounds];
      for (int round = 0; round < rounds; round++) {
        Path folder = Files.createTempDirectory(folder(), subject.name());
        empty[round] = secondsToStart(subject, folder, null, 0);
        add(Row.START, subject, empty[round]);
        delete(folder);
      }
      Path folder = Files.createTempDirectory(folder(), subject.name());
      RemoteLoad load = new RemoteLoad(workload(scaled(1000), 1000), 40);
      Peer loaded = subject.start(assembled(), folder, Subject.NOTHING);
      try {
        load.send(loaded);
        Thread.sleep(10_000); // VictoriaMetrics writes every 5 s
      } finally {
        loaded.kill();
      }
      for (int round = 0; round < rounds; round++) {
        Path copy = Files.createTempDirectory(folder(), subject.name());
        copy(folder, copy);
        List<String> sums = new ArrayList<>();
        add(
            Row.RESTART,
            subject,
            secondsToStart(subject, copy, sums, load.endMs()) - Medians.of(empty));
        if (subject == Subject.PROMETHEUS) {
          sum = sums.getFirst();
        } else if (subject == Subject.NARTHEX && !sums.getFirst().equals(sum)) {
          differences.add("sum after the start: " + sums.getFirst() + ", expected " + sum);
        }
        delete(copy);
      }
      delete(folder);
    }
  }

  /**
   * Starts a server and kills it.
   *
   * @param sums where the sum of some of the data goes; null when there is none
   */
  private double secondsToStart(
      Subject subject, Path folder, @Nullable List<String> sums, long endMs)
      throws IOException, InterruptedException {
    long begun = System.nanoTime();
    Peer peer = subject.start(assembled(), folder, Subject.NOTHING);
    double seconds = (System.nanoTime() - begun) / 1e9;
    try {
      if (sums != null) {
        sums.add(
            peer.answer(
                        "/api/v1/query?query="
                            + DashboardQueries.encode(
                                "sum(sum_over_time(http_request_duration_seconds_count[1h]))"
                                    + " + count(node_load1)")
                            + "&time="
                            + endMs / 1000)
                    .series()
                    .values()
                    .iterator()
                    .next()
                    .value(0)
                + "");
      }
    } finally {
      peer.kill();
    }
    return seconds;
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> all = Files.walk(from)) {
      for (Path file : all.toList()) {
        Path target = to.resolve(from.relativize(file).toString());
        if (Files.isDirectory(file)) {
          Files.createDirectories(target);
        } else {
          Files.copy(file, target);
        }
      }
    }
  }

  private void labels() throws IOException, InterruptedException {
    MatcherQueries queries = new MatcherQueries();
    Map<String, String> expected = Map.of();
    for (Subject subject : subjects()) {
      Path folder = Files.createTempDirectory(folder(), subject.name());
      try (Peer peer = subject.start(assembled(), folder, Subject.NOTHING)) {
        queries.send(peer);
        Thread.sleep(10_000);
        Map<String, String> counts = queries.counts(peer);
        if (subject == Subject.PROMETHEUS) {
          expected = counts;
        } else if (subject == Subject.NARTHEX && !counts.equals(expected)) {
          differences.add(difference(expected, counts));
        }
        List<Double> times = queries.times(peer);
        add(Row.MATCHERS, subject, Medians.geometric(times));
        for (int i = 0; i < times.size(); i++) {
          System.out.println(
              "         "
                  + Row.trim(times.get(i))
                  + " ms "
                  + MatcherQueries.SELECTORS.get(i)
                  + " "
                  + counts.get(MatcherQueries.SELECTORS.get(i)));
        }
      }
      delete(folder);
    }
  }

  /** All servers side by side: they do nothing that would slow another down. */
  private void memory() throws IOException, InterruptedException {
    List<Peer> peers = new ArrayList<>();
    Path folder = Files.createTempDirectory(folder(), "idle");
    try {
      for (Subject subject : subjects()) {
        peers.add(subject.startDefault(assembled(), folder.resolve(subject.name())));
      }
      Thread.sleep(IDLE_MS);
      for (Subject subject : subjects()) {
        add(
            Row.MEMORY_IDLE,
            subject,
            Footprint.memory(peers.get(subjects().indexOf(subject)).pid()) / 1048576.0);
      }
    } finally {
      peers.forEach(Peer::close);
    }
    delete(folder);
  }
}
