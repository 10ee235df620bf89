package io.narthex.bench.load;

import io.narthex.bench.Proof;
import io.narthex.bench.load.KnownGrid.Slice;
import io.narthex.bench.torture.ServerUnderTest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * A day in which each hour a tenth of the series ends and as many new ones begin, a sample a
 * minute, as fast as a server takes them. What is alive in its heap does not grow: after the head
 * has been cut for the first time, the most and the least after a full collection differ by 5 per
 * cent at most. All samples are there.
 *
 * <p>Usage: {@code Churn ASSEMBLED_FOLDER [--series=100000] [--hours=24] [--seed=N] [--keep]}.
 */
public final class Churn {
  /** Series of a request. */
  private static final int SLICE = 2_000;

  /** Of so many slices one ends each hour. */
  private static final int LIVES_HOURS = 10;

  private static final int STEPS_PER_HOUR = 60;

  /** The heap is looked at after so many hours, each time as far from the last block. */
  private static final int EVERY_HOURS = 2;

  /** The first hours, in which head and blocks become what they stay. */
  private static final int FIRST_HOURS = 8;

  private static final double MOST = 1.05;
  private static final int SHOWN = 10;
  private static final int SETTLE_MS = 20_000;
  private static final int LOOK_MS = 4_000;
  private static final int LOOKS_IN_VAIN = 3;
  private static final int MOST_LOOKS = 15;

  private final Proof proof;
  private final KnownGrid grid;
  private final List<Slice> all = new ArrayList<>();
  private final List<Slice> living = new ArrayList<>();

  private Churn(Proof proof) throws IOException {
    this.proof = proof;
    grid = new KnownGrid(proof.number("seed"));
    for (long left = proof.number("series"); left > 0; left -= SLICE) {
      begin((int) Math.min(SLICE, left));
    }
    Path folder = proof.folder();
    Files.writeString(folder.resolve("prometheus.yml"), "global: {}\n");
    Files.writeString(
        folder.resolve("alertmanager.yml"), "route: {receiver: none}\nreceivers: [{name: none}]\n");
    Files.createDirectories(folder.resolve("plugins"));
  }

  /** Runs with the options of the command line. */
  public static void main(String[] args) throws InterruptedException {
    Proof.run(
        "churn", args, Map.of("series", 100_000L, "hours", 24L), proof -> new Churn(proof).run());
  }

  private void begin(int size) {
    Slice slice = grid.add(size);
    all.add(slice);
    living.add(slice);
  }

  private void run() throws IOException, InterruptedException {
    int hours = (int) proof.number("hours");
    long startMs = System.currentTimeMillis() - hours * STEPS_PER_HOUR * GridFill.STEP_MS;
    List<String> problems = new ArrayList<>();
    List<Map<String, Long>> heaps = new ArrayList<>();
    long begun = System.nanoTime();
    try (ServerUnderTest server =
        ServerUnderTest.start(
            proof.assembled(),
            proof.folder(),
            proof.folder().resolve("plugins"),
            new ServerUnderTest.Launch(
                List.of(), List.of("--web.enable-remote-write-receiver"), ""))) {
      for (int hour = 0; hour < hours && problems.isEmpty(); hour++) {
        if (hour > 0) {
          replace();
        }
        long fromMs = startMs + hour * STEPS_PER_HOUR * GridFill.STEP_MS;
        problems.addAll(GridFill.run(server, living, fromMs, STEPS_PER_HOUR));
        int done = hour + 1;
        if (done >= FIRST_HOURS && done % EVERY_HOURS == 0) {
          heaps.add(heap(server));
          System.out.printf(
              Locale.ROOT, "       after %d h: %.1f MiB%n", done, sum(heaps.getLast()) / 1048576.0);
        }
      }
      proof.verdict(
          "nothing refused",
          String.format(
              Locale.ROOT,
              "%,d samples of %,d series, %,d at a time, in %.0f s",
              KnownGrid.samples(all),
              all.stream().mapToLong(Slice::size).sum(),
              living.stream().mapToLong(Slice::size).sum(),
              (System.nanoTime() - begun) / 1e9),
          problems);
      flat(heaps);
      proof.verdict(
          "all samples",
          String.format(Locale.ROOT, "numbers and sums in %,d slices", all.size()),
          KnownGrid.check(server, all));
    }
  }

  /** Ends the oldest of the slices and begins as many new ones. */
  private void replace() {
    int ended = Math.max(1, living.size() / LIVES_HOURS);
    List<Slice> oldest = living.subList(0, ended);
    List<Integer> sizes = oldest.stream().map(Slice::size).toList();
    oldest.clear();
    sizes.forEach(this::begin);
  }

  /**
   * Returns what is alive in the heap once maintenance rests: the least of several looks, until
   * some in a row have found no less. A merge under way holds names and numbers of its blocks.
   */
  private static Map<String, Long> heap(ServerUnderTest server)
      throws IOException, InterruptedException {
    Thread.sleep(SETTLE_MS);
    Map<String, Long> least = server.liveBytes();
    int inVain = 0;
    for (int look = 1; look < MOST_LOOKS && inVain < LOOKS_IN_VAIN; look++) {
      Thread.sleep(LOOK_MS);
      Map<String, Long> next = server.liveBytes();
      boolean isLess = sum(next) < sum(least) / 100 * 99;
      least = isLess ? next : least;
      inVain = isLess ? 0 : inVain + 1;
    }
    return least;
  }

  private static long sum(Map<String, Long> heap) {
    return heap.values().stream().mapToLong(Long::longValue).sum();
  }

  private void flat(List<Map<String, Long>> heaps) {
    if (heaps.isEmpty()) {
      proof.verdict(
          "heap after full collections",
          "",
          List.of("it was never looked at: at least " + FIRST_HOURS + " hours are needed"));
      return;
    }
    Comparator<Map<String, Long>> bySum = Comparator.comparingLong(Churn::sum);
    Map<String, Long> least = Collections.min(heaps, bySum);
    Map<String, Long> most = Collections.max(heaps, bySum);
    List<String> problems = new ArrayList<>();
    if (sum(most) > sum(least) * MOST) {
      problems.add(
          "more than 5 per cent between the least and the most, by class: " + more(least, most));
    }
    proof.verdict(
        "heap after full collections",
        String.format(
            Locale.ROOT,
            "%d times, %.1f to %.1f MiB",
            heaps.size(),
            sum(least) / 1048576.0,
            sum(most) / 1048576.0),
        problems);
  }

  /** Returns the classes whose objects have grown most, with bytes. */
  private static String more(Map<String, Long> from, Map<String, Long> to) {
    return to.entrySet().stream()
        .map(e -> Map.entry(e.getKey(), e.getValue() - from.getOrDefault(e.getKey(), 0L)))
        .sorted(Map.Entry.<String, Long>comparingByValue().reversed())
        .limit(SHOWN)
        .map(e -> String.format(Locale.ROOT, "%s %,d", e.getKey(), e.getValue()))
        .collect(Collectors.joining(", "));
  }
}
