package io.narthex.bench.crash;

import com.fasterxml.jackson.databind.JsonNode;
import io.narthex.bench.Proof;
import io.narthex.bench.siege.Counters;
import io.narthex.bench.torture.ServerUnderTest;
import java.io.IOException;
import java.io.OutputStream;
import java.net.http.HttpResponse;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Fills the disk of a real server under load, and frees it again.
 *
 * <p>Usage: {@code FullDisk ASSEMBLED_FOLDER [--mib=200] [--full=45] [--seed=N] [--keep]}. Runs
 * itself again in a mount namespace of its own, with a file system in memory.
 */
public final class FullDisk {
  private static final String INSIDE = "narthex.bench.disk";

  /** Added to the status of the run itself, so that it is not that of what comes before. */
  private static final int RAN = 10;

  private static final int FILLER_MIB = 48;

  /** The disk counts as full once a client has not been acknowledged for so long. */
  private static final long STUCK_MS = 4_000;

  private static final long RESUME_MS = 60_000;

  private final Proof proof;
  private final Path disk;
  private final Path folder;

  private FullDisk(Proof proof, Path disk) {
    this.proof = proof;
    this.disk = disk;
    folder = proof.folder();
  }

  /** Runs with the options of the command line. */
  public static void main(String[] args) throws InterruptedException {
    String disk = System.getProperty(INSIDE, "");
    Map<String, Long> defaults = Map.of("mib", 200L, "full", 45L);
    if (disk.isEmpty()) {
      System.exit(mount(args));
    }
    Proof.run("full-disk", args, defaults, proof -> new FullDisk(proof, Path.of(disk)).run());
  }

  /** Runs this program again where a small file system is mounted. */
  private static int mount(String[] args) throws InterruptedException {
    int mib = 200;
    for (String arg : args) {
      mib = arg.matches("--mib=[0-9]{1,6}") ? Integer.parseInt(arg.substring(6)) : mib;
    }
    try {
      Path place = Files.createTempDirectory("narthex-disk");
      List<String> command =
          new ArrayList<>(
              List.of(
                  "unshare",
                  "--mount",
                  "--propagation",
                  "private",
                  "sh",
                  "-c",
                  "mount -t tmpfs -o size=\"$1\"m narthex-bench \"$2\" || exit 3; shift 2; \"$@\"; exit $(($? + 10))",
                  "sh",
                  Integer.toString(mib + FILLER_MIB),
                  place.toString(),
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "--sun-misc-unsafe-memory-access=allow",
                  "-D" + INSIDE + "=" + place,
                  "-cp",
                  System.getProperty("java.class.path"),
                  FullDisk.class.getName()));
      command.addAll(List.of(args));
      int status = 0;
      try {
        status = new ProcessBuilder(command).inheritIO().start().waitFor();
      } catch (IOException e) {
        System.err.println("full-disk: " + e.getMessage());
      }
      Files.delete(place);
      if (status < RAN) {
        System.err.println(
            "full-disk: no small file system: unshare --mount and mount -t tmpfs are needed, which"
                + " means Linux with util-linux and root (CAP_SYS_ADMIN)");
        return 2;
      }
      return status - RAN;
    } catch (IOException e) {
      System.err.println("full-disk: " + e.getMessage());
      return 2;
    }
  }

  // ---- the run ---------------------------------------------------------------------------------

  private ServerUnderTest start() throws IOException, InterruptedException {
    return ServerUnderTest.start(
        proof.assembled(),
        folder,
        folder.resolve("plugins"),
        new ServerUnderTest.Launch(
            List.of(),
            List.of(
                "--web.enable-remote-write-receiver",
                "--web.enable-lifecycle",
                "--storage.tsdb.min-block-duration=1m",
                "--storage.tsdb.max-block-duration=1m",
                "--storage.tsdb.wal-segment-size=10MB"),
            "-Xmx1g"));
  }

  private void configure(Scrapes scrapes, String retention) throws IOException {
    List<String> targets = new ArrayList<>();
    for (int i = 0; i < Scrapes.TARGETS; i++) {
      targets.add("{targets: ['" + scrapes.address() + "'], labels: {target: '" + i + "'}}");
    }
    Files.writeString(
        folder.resolve("prometheus.yml"),
        "global: {scrape_interval: 1s, scrape_timeout: 1s}\n"
            + "storage: {tsdb: {retention: {time: "
            + retention
            + "}}}\n"
            + "scrape_configs:\n  - {job_name: disk, honor_labels: true, static_configs: ["
            + String.join(", ", targets)
            + "]}\n");
  }

  private void run() throws IOException, InterruptedException {
    Files.createDirectories(folder.resolve("plugins"));
    // the log of the server is not on the disk that is full
    Files.createSymbolicLink(folder.resolve("data"), Files.createDirectories(disk.resolve("data")));
    Files.writeString(
        folder.resolve("alertmanager.yml"), "route: {receiver: none}\nreceivers: [{name: none}]\n");
    FileStore store = Files.getFileStore(disk);
    Path filler = disk.resolve("filler");
    Path rest = disk.resolve("rest");
    fill(filler, (long) FILLER_MIB << 20);
    System.out.println("       " + (store.getUsableSpace() >> 20) + " MiB are free");
    try (Scrapes scrapes = new Scrapes()) {
      configure(scrapes, "30d");
      ServerUnderTest server = start();
      try (NumberedLoad load = new NumberedLoad(server)) {
        try {
          load.use(server);
          awaitStuck(load);
          fill(rest, Long.MAX_VALUE); // what is too little for a request, or was given back
          System.out.println(
              "       full after "
                  + load.acknowledged()
                  + " samples in "
                  + blocks(server).size()
                  + " blocks and the head, "
                  + store.getUsableSpace()
                  + " bytes free");
          scrapes.look(server);
          full(server, load);

          load.pause();
          server.kill();
          fill(rest, Long.MAX_VALUE);
          long started = System.nanoTime();
          server = start();
          long readyMs = (System.nanoTime() - started) / 1_000_000;
          List<String> problems = load.check(server, 0);
          problems.addAll(scrapes.check(server));
          proof.verdict(
              "start while full",
              "ready after "
                  + readyMs
                  + " ms, "
                  + load.acknowledged()
                  + " acknowledged samples compared, "
                  + store.getUsableSpace()
                  + " bytes free",
              problems);

          load.use(server);
          fill(rest, Long.MAX_VALUE);
          Thread.sleep(1_000);
          long before = load.acknowledged();
          Files.delete(filler);
          Files.delete(rest);
          resumes("freed", load, before);
          awaitStuck(load); // full once more, by the load alone
          System.out.println(
              "       full again after "
                  + load.acknowledged()
                  + " samples, "
                  + store.getUsableSpace()
                  + " bytes free");

          before = load.acknowledged();
          long keptMs = retention(server, scrapes, load);
          resumes("retention has made room", load, before);
          Thread.sleep(20_000); // flush, now that there is room
          load.pause();
          long from = load.newestMs() - keptMs;
          proof.verdict(
              "acknowledged samples within the retention",
              load.acknowledged() + " samples of " + NumberedLoad.SERIES + " series acknowledged",
              load.check(server, from));
          server.kill();
          server = start();
          proof.verdict("the same after a kill", "all compared again", load.check(server, from));
        } finally {
          server.close();
        }
      }
    }
  }

  private void awaitStuck(NumberedLoad load) throws IOException, InterruptedException {
    long begun = System.nanoTime();
    while (load.stuckMs() < STUCK_MS) {
      Thread.sleep(200);
      if (System.nanoTime() - begun > 600_000_000_000L) {
        throw new IOException("the disk is not full after 10 minutes of load");
      }
      load.failIfBad();
    }
  }

  /** Writes a file until it has so many bytes or there is no room. */
  private static void fill(Path file, long bytes) throws IOException {
    for (int step = 1 << 16; step >= 1; step >>= 4) {
      byte[] some = new byte[step];
      try (OutputStream out =
          Files.newOutputStream(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
        for (long n = Files.size(file); n + step <= bytes; n += step) {
          out.write(some);
        }
      } catch (IOException e) {
        // full: that is what is wanted; then with less at once
      }
    }
  }

  /** Watches a full disk for a while. */
  private void full(ServerUnderTest server, NumberedLoad load)
      throws IOException, InterruptedException {
    List<String> problems = new ArrayList<>();
    long end = System.nanoTime() + proof.number("full") * 1_000_000_000L;
    int queries = 0;
    while (System.nanoTime() < end) {
      HttpResponse<String> answer =
          server.get("/api/v1/query?query=" + ServerUnderTest.encode("count(up)"));
      queries++;
      if (answer.statusCode() != 200) {
        problems.add("a query is answered " + answer.statusCode() + ": " + answer.body().strip());
      }
      Thread.sleep(500);
    }
    if (!server.alive()) {
      problems.add("the server has ended");
    }
    load.failIfBad();
    String last = load.lastRefusal();
    if (!last.startsWith("5")) {
      problems.add("the load was refused with: " + last);
    }
    Map<String, Double> metrics = Counters.read(server);
    proof.verdict(
        "full for " + proof.number("full") + " s",
        queries
            + " queries answered, "
            + metrics.getOrDefault("prometheus_tsdb_wal_writes_failed_total", 0.0).longValue()
            + " writes failed; the load is answered "
            + last,
        problems);
  }

  private void resumes(String why, NumberedLoad load, long before)
      throws IOException, InterruptedException {
    long begun = System.nanoTime();
    List<String> problems = new ArrayList<>();
    while (load.acknowledged() <= before + NumberedLoad.SERIES) {
      if (System.nanoTime() - begun > RESUME_MS * 1_000_000) {
        problems.add("no append after " + RESUME_MS / 1000 + " s: " + load.lastRefusal());
        break;
      }
      Thread.sleep(20);
    }
    proof.verdict(
        "appends resume by themselves, " + why,
        "after " + (System.nanoTime() - begun) / 1_000_000 + " ms",
        problems);
  }

  /** Shortens the retention on the full disk; returns how many milliseconds are kept. */
  private long retention(ServerUnderTest server, Scrapes scrapes, NumberedLoad load)
      throws IOException, InterruptedException {
    List<long[]> before = blocks(server);
    List<String> problems = new ArrayList<>();
    if (before.size() < 2) {
      problems.add("only " + before.size() + " blocks, nothing to delete");
    }
    long newest = before.stream().mapToLong(b -> b[1]).max().orElse(0);
    long oldest = before.stream().mapToLong(b -> b[1]).min().orElse(0);
    long keptMs = Math.max(60_000, newest - oldest); // the oldest block goes
    configure(scrapes, keptMs / 1000 + "s");
    HttpResponse<String> reloaded = server.post("/-/reload");
    if (reloaded.statusCode() != 200) {
      problems.add("reload: " + reloaded.statusCode() + " " + reloaded.body().strip());
    }
    long begun = System.nanoTime();
    long deadline = begun + RESUME_MS * 1_000_000;
    while (problems.isEmpty() && blocks(server).stream().anyMatch(b -> newest - b[1] >= keptMs)) {
      if (System.nanoTime() > deadline) {
        problems.add("old blocks are still there after " + RESUME_MS / 1000 + " s");
      }
      Thread.sleep(200);
    }
    double failures =
        Counters.read(server)
            .getOrDefault("narthex_tsdb_task_failures_total{task=\"retention\"}", 0.0);
    if (failures > 0) {
      problems.add("retention failed " + failures + " times");
    }
    proof.verdict(
        "retention on a full disk",
        before.size()
            + " blocks before, "
            + blocks(server).size()
            + " after "
            + (System.nanoTime() - begun) / 1_000_000
            + " ms",
        problems);
    load.failIfBad();
    return keptMs;
  }

  private static List<long[]> blocks(ServerUnderTest server)
      throws IOException, InterruptedException {
    List<long[]> out = new ArrayList<>();
    for (JsonNode b : server.data("/api/v1/status/tsdb/blocks").path("blocks")) {
      out.add(new long[] {b.path("minTime").asLong(), b.path("maxTime").asLong()});
    }
    return out;
  }
}
