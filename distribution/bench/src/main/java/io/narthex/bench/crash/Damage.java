package io.narthex.bench.crash;

import com.fasterxml.jackson.databind.JsonNode;
import io.narthex.bench.Proof;
import io.narthex.bench.WriteRequest;
import io.narthex.bench.crash.FileDamage.Act;
import io.narthex.bench.crash.FileDamage.Kind;
import io.narthex.bench.crash.KnownData.Difference;
import io.narthex.bench.crash.KnownData.Place;
import io.narthex.bench.siege.Counters;
import io.narthex.bench.torture.ServerUnderTest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;

/**
 * Damages files of a folder with known data, one at a time, and starts a real server on each: it
 * starts, misses at most what was damaged and what depends on it, has no wrong value, names file
 * and offset, and deletes, flushes and merges the rest.
 *
 * <p>Usage: {@code Damage ASSEMBLED_FOLDER [--damages=70] [--parallel=3] [--seed=N] [--keep]}.
 */
public final class Damage {
  private static final long HOUR_MS = 3_600_000;

  /** Length of a block made from the head. */
  private static final long BLOCK_MS = 2 * HOUR_MS;

  /** The oldest samples are what the retention deletes. */
  private static final int OLD = 8 * 60;

  private static final long WORK_MS = 90_000;

  /** How often each damage is done, of seventy. */
  private static final Object[][] MIX = {
    {Act.FLIP, Kind.WAL, 10},
    {Act.FLIP, Kind.CHECKPOINT, 6},
    {Act.FLIP, Kind.HEAD_CHUNKS, 6},
    {Act.FLIP, Kind.CHUNKS, 6},
    {Act.FLIP, Kind.INDEX, 4},
    {Act.FLIP, Kind.TOMBSTONES, 2},
    {Act.FLIP, Kind.META, 1},
    {Act.FLIP, Kind.VERSION, 1},
    {Act.CUT, Kind.WAL, 4},
    {Act.CUT, Kind.CHECKPOINT, 2},
    {Act.CUT, Kind.HEAD_CHUNKS, 2},
    {Act.CUT, Kind.CHUNKS, 2},
    {Act.CUT, Kind.INDEX, 2},
    {Act.CUT, Kind.TOMBSTONES, 1},
    {Act.CUT, Kind.META, 1},
    {Act.CUT, Kind.VERSION, 1},
    {Act.ZERO_PAGE, Kind.WAL, 3},
    {Act.ZERO_PAGE, Kind.CHECKPOINT, 2},
    {Act.ZERO_PAGE, Kind.HEAD_CHUNKS, 2},
    {Act.ZERO_PAGE, Kind.CHUNKS, 2},
    {Act.ZERO_PAGE, Kind.INDEX, 1},
    {Act.MISSING, Kind.WAL, 3},
    {Act.MISSING, Kind.CHECKPOINT, 1},
    {Act.MISSING, Kind.HEAD_CHUNKS, 1},
    {Act.MISSING, Kind.CHUNKS, 1},
    {Act.MISSING, Kind.INDEX, 1},
    {Act.MISSING, Kind.TOMBSTONES, 1},
    {Act.MISSING, Kind.META, 1},
    {Act.MISSING, Kind.VERSION, 1},
  };

  /** Series of a record of a checkpoint: their labels share bytes. */
  private static final int SERIES_OF_RECORD = 8;

  private static final int MIXED = 70;

  private final Proof proof;
  private final KnownData data;
  private final Path base;
  private final Map<String, long[]> blocks = new TreeMap<>();
  private long blocksEndMs;
  private int checkpoint;
  private boolean second;

  private Damage(Proof proof) throws IOException {
    this.proof = proof;
    long now = System.currentTimeMillis();
    data = new KnownData((now - 27 * HOUR_MS) / BLOCK_MS * BLOCK_MS);
    base = Files.createDirectories(proof.folder().resolve("base"));
  }

  /** Runs with the options of the command line. */
  public static void main(String[] args) throws InterruptedException {
    Proof.run(
        "damage",
        args,
        Map.of("damages", (long) MIXED, "parallel", 3L),
        proof -> new Damage(proof).run());
  }

  private void run() throws IOException, InterruptedException {
    makeBase();
    List<Attempt> attempts = plan();
    ExecutorService threads = Executors.newFixedThreadPool((int) proof.number("parallel"));
    List<Future<Result>> results = new ArrayList<>();
    for (Attempt attempt : attempts) {
      results.add(threads.submit(() -> attempt(attempt)));
    }
    threads.shutdown();
    int bad = 0;
    long lost = 0;
    for (Future<Result> future : results) {
      Result result;
      try {
        result = future.get();
      } catch (ExecutionException e) {
        threads.shutdownNow();
        throw new IOException("a damage could not be tried: " + e.getCause(), e);
      }
      proof.verdict(result.damage, result.detail, result.problems);
      bad += result.problems.isEmpty() ? 0 : 1;
      lost += result.lost;
    }
    System.out.println(
        results.size()
            + " damages to "
            + data.samples()
            + " samples: "
            + bad
            + " bad, "
            + lost
            + " samples lost to damage in all of them");
  }

  // ---- the folder ------------------------------------------------------------------------------

  private static void configure(Path folder) throws IOException {
    Files.createDirectories(folder.resolve("plugins"));
    Files.writeString(
        folder.resolve("prometheus.yml"), "storage: {tsdb: {out_of_order_time_window: 1h}}\n");
    Files.writeString(
        folder.resolve("alertmanager.yml"), "route: {receiver: none}\nreceivers: [{name: none}]\n");
    Files.writeString(
        folder.resolve("narthex.yml"),
        "storage: {type: tsdb, settings: {wal_segment_size: 8KB, wal_fsync: 1s}}\n");
  }

  private ServerUnderTest start(Path folder, String retention, String longest)
      throws IOException, InterruptedException {
    return ServerUnderTest.start(
        proof.assembled(),
        folder,
        folder.resolve("plugins"),
        new ServerUnderTest.Launch(
            List.of(),
            List.of(
                "--web.enable-remote-write-receiver",
                "--web.enable-admin-api",
                "--storage.tsdb.min-block-duration=2h",
                "--storage.tsdb.max-block-duration=" + longest,
                "--storage.tsdb.retention.time=" + retention),
            "-Xmx384m"));
  }

  private void makeBase() throws IOException, InterruptedException {
    configure(base);
    Path wal = base.resolve("data/wal");
    Path head = base.resolve("data/head");
    try (ServerUnderTest server = start(base, "100d", "2h")) {
      int behind = KnownData.STEPS - KnownData.LAST;
      data.write(server, 0, behind);
      await(
          "blocks of what was written",
          () ->
              newest(server) >= data.timeMs(behind) - 3 * HOUR_MS
                  && Counters.read(server)
                          .getOrDefault("prometheus_tsdb_wal_truncations_total", 0.0)
                      > 0);
      Thread.sleep(5_000); // the checkpoint follows the blocks
      data.delete(server, 10 * 60, 12 * 60);
      data.watch(wal);
      data.write(server, behind, KnownData.STEPS);
      data.delete(server, behind - 30, behind - 10);
      for (JsonNode block : blocks(server)) {
        blocks.put(
            block.path("ulid").asText(),
            new long[] {block.path("minTime").asLong(), block.path("maxTime").asLong()});
      }
      blocksEndMs = newest(server);
      server.kill();
    }
    try (Stream<Path> files = Files.list(head)) {
      checkpoint =
          files
              .map(f -> String.valueOf(f.getFileName()))
              .filter(n -> n.endsWith(".checkpoint"))
              .mapToInt(n -> Integer.parseInt(n.replaceFirst("\\..*", "")))
              .max()
              .orElseThrow(() -> new IOException(head + ": has no checkpoint"));
    }
    second = !Files.readString(base.resolve("data/tsdb.version")).strip().endsWith(" 1");
    Path whole = copy("whole");
    try (ServerUnderTest server = start(whole, "100d", "2h")) {
      Difference difference = data.compare(server, 0);
      List<String> problems = new ArrayList<>(difference.wrong());
      problems.addAll(difference.unreadable());
      if (difference.lost() + difference.returned() > 0) {
        problems.add(
            difference.lost() + " lost, " + difference.returned() + " back after deletion");
      }
      proof.verdict(
          "without damage",
          data.samples() + " samples in " + blocks.size() + " blocks, a checkpoint and the WAL",
          problems);
      server.kill();
    }
  }

  private Path copy(String name) throws IOException {
    Path folder = Files.createDirectories(proof.folder().resolve(name));
    configure(folder);
    Path from = base.resolve("data");
    try (Stream<Path> all = Files.walk(from)) {
      for (Path file : all.toList()) {
        Files.copy(file, folder.resolve("data").resolve(from.relativize(file).toString()));
      }
    }
    return folder;
  }

  private interface Condition {
    boolean holds() throws IOException, InterruptedException;
  }

  private static void await(String what, Condition condition)
      throws IOException, InterruptedException {
    long deadline = System.nanoTime() + WORK_MS * 1_000_000;
    while (!condition.holds()) {
      if (System.nanoTime() > deadline) {
        throw new IOException("no " + what + " within " + WORK_MS / 1000 + " s");
      }
      Thread.sleep(250);
    }
  }

  private static JsonNode blocks(ServerUnderTest server) throws IOException, InterruptedException {
    return server.data("/api/v1/status/tsdb/blocks").path("blocks");
  }

  private static long newest(ServerUnderTest server) throws IOException, InterruptedException {
    long newest = 0;
    for (JsonNode block : blocks(server)) {
      newest = Math.max(newest, block.path("maxTime").asLong());
    }
    return newest;
  }

  // ---- the damages -----------------------------------------------------------------------------

  private record Attempt(int number, Act act, Kind kind, long seed) {}

  private record Result(String damage, String detail, List<String> problems, long lost) {}

  private List<Attempt> plan() throws IOException {
    boolean hasChunks;
    try (Stream<Path> all = Files.walk(base.resolve("data"))) {
      hasChunks = all.anyMatch(f -> Kind.of(f) == Kind.HEAD_CHUNKS && isRead(f));
    }
    if (!hasChunks) { // the head had little in sealed chunks: they are in the checkpoint
      System.out.println("no file of sealed chunks of the head, none of them is damaged");
    }
    Random random = new Random(proof.number("seed"));
    long wanted = proof.number("damages");
    List<Attempt> attempts = new ArrayList<>();
    for (int round = 0; attempts.size() < wanted; round++) {
      for (Object[] row : MIX) {
        // all kinds come first, then again those that are to come more often
        int times = (int) row[2];
        boolean due = round % 10 < times && (hasChunks || row[1] != Kind.HEAD_CHUNKS);
        if (due && attempts.size() < wanted) {
          attempts.add(
              new Attempt(attempts.size() + 1, (Act) row[0], (Kind) row[1], random.nextLong()));
        }
      }
    }
    return attempts;
  }

  private FileDamage damage(Attempt attempt, Path folder) throws IOException {
    Random random = new Random(attempt.seed);
    try (Stream<Path> all = Files.walk(folder.resolve("data"))) {
      List<Path> files =
          all.filter(Files::isRegularFile)
              .filter(f -> Kind.of(f) == attempt.kind && isRead(f))
              .sorted()
              .toList();
      if (files.isEmpty()) {
        throw new IOException("there is no file of kind " + attempt.kind);
      }
      return FileDamage.make(attempt.act, files.get(random.nextInt(files.size())), random);
    }
  }

  /** Segments from before the checkpoint are read no more; neither is the WAL of the server. */
  private boolean isRead(Path file) {
    Path parent = file.getParent();
    String folder = parent == null ? "" : String.valueOf(parent.getFileName());
    return switch (Kind.of(file)) {
      case WAL, CHECKPOINT ->
          (folder.equals("wal") || folder.equals("head"))
              && Integer.parseInt(file.getFileName().toString().replaceFirst("\\..*", ""))
                  >= checkpoint;
      case INDEX, CHUNKS, TOMBSTONES, META -> blocks.containsKey(folder);
      default -> true;
    };
  }

  private Result attempt(Attempt attempt) throws IOException, InterruptedException {
    Path folder = copy("damage-" + attempt.number);
    FileDamage damage = damage(attempt, folder);
    String name = String.format(java.util.Locale.ROOT, "%3d %s", attempt.number, damage);
    List<String> problems = new ArrayList<>();
    long retention = (blocksEndMs - data.startMs - 2 * BLOCK_MS) / HOUR_MS;
    ServerUnderTest server;
    try {
      server = start(folder, retention + "h", "18h");
    } catch (IOException e) {
      problems.add("it does not start: " + e.getMessage());
      return new Result(name, "", problems, 0);
    }
    try (server) {
      return check(server, damage, name, problems);
    } catch (IOException e) {
      problems.add(String.valueOf(e));
      return new Result(name, "", problems, 0);
    }
  }

  private Result check(
      ServerUnderTest server, FileDamage damage, String name, List<String> problems)
      throws IOException, InterruptedException {
    Difference difference = data.compare(server, OLD);
    problems.addAll(difference.wrong());
    judge(damage, difference, problems);
    String noticed = notice(damage, difference, server, problems);
    work(server, problems);
    Difference later = data.compare(server, OLD);
    problems.addAll(later.wrong());
    if (later.lost() > difference.lost() || later.returned() > difference.returned()) {
      problems.add(
          "after flush and merging "
              + later.lost()
              + " are missing and "
              + later.returned()
              + " back, before "
              + difference.lost()
              + " and "
              + difference.returned());
    }
    server.kill();
    String back =
        difference.returned() > 0 ? ", " + difference.returned() + " deleted ones back" : "";
    String detail = difference.lost() + " samples missing" + back + ", " + noticed;
    return new Result(name, detail, problems, difference.lost());
  }

  /** Checks that nothing is missing but what was damaged, and what depends on it. */
  private void judge(FileDamage damage, Difference difference, List<String> problems) {
    long beyond;
    int most = Integer.MAX_VALUE; // series
    boolean mayReturn = false;
    int narrow = damage.act() == Act.FLIP ? 1 : most;
    switch (damage.kind()) {
      case WAL -> {
        BitSet hit = hit(damage);
        beyond = data.countBeyond(difference.missing(), hit);
        mayReturn = hit.intersects(data.deletions);
      }
      case CHECKPOINT, HEAD_CHUNKS, OTHER -> {
        beyond = data.countOutside(difference.missing(), blocksEndMs, Long.MAX_VALUE);
        boolean isRecord = damage.kind() == Kind.CHECKPOINT && damage.act() == Act.FLIP;
        most = isRecord ? SERIES_OF_RECORD : narrow;
      }
      case INDEX, CHUNKS, TOMBSTONES -> {
        long[] range = Objects.requireNonNull(blocks.get(damage.block()));
        beyond = data.countOutside(difference.missing(), range[0], range[1]);
        mayReturn = damage.kind() == Kind.TOMBSTONES;
        boolean isHeader = damage.from() < 8;
        most = damage.kind() == Kind.CHUNKS && !isHeader ? narrow : most;
      }
      default -> beyond = difference.lost();
    }
    if (beyond > 0) {
      problems.add(beyond + " samples are missing that the damage did not touch");
    }
    if (difference.missing().size() > most) {
      problems.add(difference.missing().size() + " series miss samples, at most " + most + " may");
    }
    if (difference.returned() > 0 && !mayReturn) {
      problems.add(difference.returned() + " deleted samples are back");
    }
  }

  /** Returns the numbers of the requests of which damage to the WAL has touched something. */
  private BitSet hit(FileDamage damage) {
    BitSet hit = new BitSet();
    String file = String.valueOf(damage.file().getFileName());
    for (int number = 1; number < data.places.size(); number++) {
      for (Place place : data.places.get(number)) {
        boolean same = String.valueOf(place.file().getFileName()).equals(file);
        boolean touched = place.from() < damage.to() && damage.from() < place.to();
        // rows of formats 2 and 3 depend on earlier ones of their segment
        if (same && (touched || second && !hit.isEmpty())) {
          hit.set(number);
        }
      }
    }
    return hit;
  }

  /** Checks that damage that cost something is named, with its file and offset, and counted. */
  private String notice(
      FileDamage damage, Difference difference, ServerUnderTest server, List<String> problems)
      throws IOException, InterruptedException {
    String log = Files.readString(server.log());
    String file = String.valueOf(damage.file().getFileName());
    String place = damage.kind().isOfBlock() ? damage.block() : file;
    boolean named =
        log.lines()
            .anyMatch(l ->
                l.contains(place)
                    && (l.contains(" at byte ")
                        || damage.act() == Act.MISSING
                        || damage.act() == Act.CUT));
    double counted =
        Counters.read(server).entrySet().stream()
            .filter(e -> e.getKey().startsWith("narthex_tsdb_damaged_total"))
            .mapToDouble(Map.Entry::getValue)
            .sum();
    for (JsonNode block : blocks(server)) {
      counted += block.path("damaged").asBoolean() ? 1 : 0;
    }
    for (String message : difference.unreadable()) {
      if (!message.contains(place) || !message.contains(" at byte ")) {
        problems.add("a query says only: " + message);
      }
    }
    boolean cost = difference.lost() > 0;
    // the end of the WAL is as a crash leaves it: logged, not counted; and nobody knows of a
    // segment that was to follow
    boolean end = damage.kind() == Kind.WAL && isNewest(damage) && damage.act() != Act.FLIP;
    if (cost && !named && !(end && damage.act() == Act.MISSING)) {
      problems.add("the log does not name " + place + " and an offset");
    }
    if (cost && counted == 0 && !end) {
      problems.add("no metric or API shows the damage");
    }
    return (named ? "named" : "not named") + (counted > 0 ? ", counted" : ", not counted");
  }

  private boolean isNewest(FileDamage damage) {
    return data.places.getLast().stream()
        .anyMatch(p ->
            String.valueOf(p.file().getFileName())
                .equals(String.valueOf(damage.file().getFileName())));
  }

  /** Checks that retention, flush and merging continue, and that samples are taken. */
  private void work(ServerUnderTest server, List<String> problems)
      throws IOException, InterruptedException {
    WriteRequest request = new WriteRequest();
    long now = System.currentTimeMillis();
    TreeMap<String, String> labels = new TreeMap<>(Map.of("__name__", "after_damage"));
    request.series(labels, new long[] {now}, new double[] {7}, 0, 1);
    var answer = server.write(request.finish());
    if (answer.statusCode() / 100 != 2) {
      problems.add("a new sample is refused: " + answer.statusCode() + " " + answer.body().strip());
    }
    String[] waiting = {""};
    try {
      await(
          "work",
          () -> {
            boolean old = false;
            boolean merged = false;
            for (JsonNode block : blocks(server)) {
              old |= block.path("maxTime").asLong() <= data.startMs + 2 * BLOCK_MS;
              merged |= block.path("compaction").path("level").asInt() > 1;
            }
            boolean flushed = newest(server) > blocksEndMs;
            waiting[0] =
                (old ? " retention" : "") + (merged ? "" : " merging") + (flushed ? "" : " flush");
            return waiting[0].isEmpty();
          });
    } catch (IOException e) {
      problems.add("after " + WORK_MS / 1000 + " s not yet done:" + waiting[0]);
    }
    JsonNode found = server.data("/api/v1/query?query=after_damage&time=" + now / 1000.0);
    if (!found.path("result").path(0).path("value").path(1).asText().equals("7")) {
      problems.add("the new sample is not there: " + found);
    }
  }
}
