package io.narthex.bench.crash;

import io.narthex.bench.torture.ServerUnderTest;
import io.narthex.storage.tsdb.CrashPoints;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.function.LongFunction;
import java.util.stream.Stream;

/**
 * Proves that the local database loses nothing: kills a real server at random moments under load,
 * stops and fails a database at each operation on its disk, and cuts its power.
 *
 * <p>Usage: {@code Crash ASSEMBLED_FOLDER [options]}, options as in {@link CrashOptions}. Ends with
 * 1 when a check failed, with 2 when the run could not be made.
 */
public final class Crash {
  private static final int SHOWN = 5;

  /** Points of a kind with folders of format 1, of which there will be fewer and fewer. */
  private static final int FEWER_POINTS = 100;

  /** Part of the time that is for kills. */
  private static final double SHARE_OF_KILLS = 0.85;

  /** One run in so many lives until blocks are made, which the server looks for every 15 s. */
  private static final int LONG_LIVES = 10;

  private static final ServerUnderTest.Launch LAUNCH =
      new ServerUnderTest.Launch(
          List.of(),
          List.of(
              "--web.enable-remote-write-receiver",
              "--storage.tsdb.min-block-duration=2m",
              "--storage.tsdb.max-block-duration=18m",
              "--storage.tsdb.wal-segment-size=10MB"),
          "-Xmx512m");

  private final CrashOptions options;
  private final Path assembled;
  private final Path folder;
  private final Random random;
  private final long deadline;
  private boolean passed = true;

  private Crash(CrashOptions options, Path assembled, Path folder) {
    this.options = options;
    this.assembled = assembled;
    this.folder = folder;
    random = new Random(options.seed());
    deadline = System.nanoTime() + options.limit().toNanos();
  }

  /** Runs with the options of the command line. */
  public static void main(String[] args) throws InterruptedException {
    // thousands of injected failures would be logged; the library says at length that nothing does
    System.setProperty("slf4j.internal.verbosity", "ERROR");
    CrashOptions options;
    try {
      options = CrashOptions.parse(Arrays.asList(args).subList(1, args.length));
    } catch (IllegalArgumentException e) {
      System.err.println(e.getMessage());
      System.exit(2);
      return;
    }
    try {
      Path folder = Files.createTempDirectory("narthex-crash");
      Crash crash = new Crash(options, Path.of(args[0]).toAbsolutePath(), folder);
      try {
        crash.run();
      } finally {
        if (options.keep()) {
          System.out.println("kept: " + folder);
        } else {
          delete(folder);
        }
      }
      System.exit(crash.passed ? 0 : 1);
    } catch (IOException e) {
      System.err.println("crash: " + e.getMessage());
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

  private void run() throws IOException, InterruptedException {
    System.out.println("crash: seed " + options.seed());
    kills();
    Path below = Files.createDirectories(folder.resolve("points"));
    points("format 3, ", new CrashPoints(below, true), options.points());
    int fewer = Math.min(FEWER_POINTS, options.points());
    points("format 1, ", new CrashPoints(below, false), fewer);
    points("format 1 to 3, ", CrashPoints.upgraded(below), fewer);
    System.out.println("crash: " + (passed ? "passed" : "FAILED"));
  }

  private void points(String of, CrashPoints points, int most) {
    long all = points.operations();
    points(of + "stops at each operation", all, most, at -> points.stop(at, true, "1s"));
    points(of + "failures of an operation", all, most, at -> points.fail(at, 1, "1s"));
    points(of + "failures of three operations", all, most, at -> points.fail(at, 3, "always"));
    points(
        of + "power cuts, wal_fsync always",
        all,
        most,
        at -> points.powerCut(at, random.nextLong(), "always"));
    points(
        of + "power cuts, forced now and then",
        all,
        most,
        at -> points.powerCut(at, random.nextLong(), "60m"));
  }

  private void report(String name, String detail, List<String> problems) {
    System.out.println((problems.isEmpty() ? "ok     " : "FAILED ") + name + ": " + detail);
    problems.stream().limit(SHOWN).forEach(p -> System.out.println("         " + p));
    passed &= problems.isEmpty();
  }

  /** Tries points at equal distances, from a random one on. */
  private void points(String name, long operations, int most, LongFunction<List<String>> attempt) {
    List<String> problems = new ArrayList<>();
    long tried = 0;
    double distance = Math.max(1, operations / (double) Math.max(1, most));
    for (double at = 1 + random.nextDouble() * (distance - 1);
        at <= operations && most > 0;
        at += distance) {
      if (System.nanoTime() > deadline) {
        problems.add("out of time after " + tried + "; give more minutes");
        break;
      }
      problems.addAll(attempt.apply((long) at));
      tried++;
    }
    report(
        name, tried + " of " + operations + " operations, " + problems.size() + " bad", problems);
  }

  private void kills() throws IOException, InterruptedException {
    long end = System.nanoTime() + (long) ((deadline - System.nanoTime()) * SHARE_OF_KILLS);
    List<String> problems = new ArrayList<>();
    int done = 0;
    long slowestMs = 0;
    long acknowledged = 0;
    long shown = 0;
    if (options.kills() > 0) {
      Path plugins = Files.createDirectories(folder.resolve("plugins"));
      try (Scrapes scrapes = new Scrapes()) {
        configure(scrapes);
        ServerUnderTest server = start(plugins);
        try (Writers writers = new Writers(server)) {
          while (done < options.kills() && problems.isEmpty()) {
            if (System.nanoTime() > end) {
              problems.add("out of time after " + done + " kills; give more minutes");
              break;
            }
            writers.use(server);
            Thread.sleep(
                random.nextInt(LONG_LIVES) == 0
                    ? 14_000 + random.nextInt(6_000)
                    : 100 + random.nextInt(2_500));
            scrapes.look(server);
            Thread.sleep(random.nextInt(100));
            server.kill();
            done++;
            writers.pause();
            long started = System.nanoTime();
            server = start(plugins);
            slowestMs =
                Math.max(slowestMs, Duration.ofNanos(System.nanoTime() - started).toMillis());
            writers.use(server);
            problems.addAll(writers.check(false));
            problems.addAll(scrapes.check(server));
            if (done % 10 == 0) {
              System.out.println(
                  "       " + done + " kills, " + writers.acknowledged() + " samples");
            }
          }
          writers.pause();
          problems.addAll(writers.check(true));
          acknowledged = writers.acknowledged();
          shown = scrapes.samples();
        } finally {
          server.close();
        }
      }
    }
    report(
        "kills",
        done
            + " SIGKILLs, "
            + acknowledged
            + " samples acknowledged by remote write, "
            + shown
            + " scraped ones shown, slowest start "
            + slowestMs
            + " ms",
        problems);
  }

  private ServerUnderTest start(Path plugins) throws IOException, InterruptedException {
    return ServerUnderTest.start(assembled, folder, plugins, LAUNCH);
  }

  private void configure(Scrapes scrapes) throws IOException {
    StringBuilder targets = new StringBuilder();
    for (int i = 0; i < Scrapes.TARGETS; i++) {
      targets
          .append(i == 0 ? "" : ", ")
          .append("{targets: ['")
          .append(scrapes.address())
          .append("'], labels: {target: '")
          .append(i)
          .append("'}}");
    }
    Files.writeString(
        folder.resolve("prometheus.yml"),
        """
        global: {scrape_interval: 1s, scrape_timeout: 1s}
        scrape_configs:
          - {job_name: crash, honor_labels: true, static_configs: [%s]}
        """
            .replace("%s", targets));
    Files.writeString(
        folder.resolve("alertmanager.yml"), "route: {receiver: none}\nreceivers: [{name: none}]\n");
  }
}
