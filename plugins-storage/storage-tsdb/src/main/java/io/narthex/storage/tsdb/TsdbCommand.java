package io.narthex.storage.tsdb;

import io.narthex.model.Labels;
import io.narthex.model.Matcher;
import io.narthex.spi.storage.SampleTile;
import io.narthex.spi.storage.SelectRequest;
import io.narthex.spi.storage.SeriesCursor;
import io.narthex.spi.storage.StorageException;
import io.narthex.spi.storage.StorageStats;
import io.narthex.storage.tsdb.block.Block;
import io.narthex.storage.tsdb.io.Directories;
import io.narthex.storage.tsdb.io.LocalDisk;
import java.io.IOException;
import java.io.PrintStream;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The command line {@code narthex tsdb}: looks into the folder of a database, whether a server uses
 * it or not. Only {@code repair} changes anything, and only where no server runs.
 */
public final class TsdbCommand {
  private static final String USAGE =
      """
      usage: narthex tsdb list    [DIR]
             narthex tsdb verify  [DIR]
             narthex tsdb repair  [DIR]
             narthex tsdb analyze [--limit=20] [DIR]
             narthex tsdb dump    [--match=NAME=VALUE …] [--min-time=T] [--max-time=T] [DIR]

      list     blocks by time, and the WAL
      verify   reads every byte; prints what is damaged, with file and offset, and exits with 1 when something is
      repair   sets aside what is damaged, so that the rest is served; the server must not run
      analyze  where the series of the head come from: names, values and pairs with most series
      dump     samples as lines "{labels} value milliseconds"; T is RFC 3339 or seconds since 1970

      DIR is what the server has as --storage.tsdb.path. A server may run in it, except for repair.
      """;
  private static final int ROWS = 128;

  private final PrintStream out;

  TsdbCommand(PrintStream out) {
    this.out = out;
  }

  /** Runs the command line and ends the process: 0 = done, 1 = failed or damaged, 2 = misused. */
  public static void main(String[] args) {
    PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
    int status;
    try {
      status = new TsdbCommand(out).run(List.of(args));
    } catch (IllegalArgumentException e) {
      System.err.println("narthex tsdb: " + e.getMessage());
      status = 2;
    } catch (StorageException | IOException e) {
      System.err.println(
          "narthex tsdb: " + (e instanceof StorageException ? e.getMessage() : e.toString()));
      status = 1;
    }
    out.flush();
    System.exit(status);
  }

  /**
   * Runs a command line.
   *
   * @throws IllegalArgumentException when it makes no sense
   */
  int run(List<String> args) throws IOException {
    if (args.isEmpty() || args.contains("--help") || args.get(0).equals("help")) {
      out.print(USAGE);
      return args.isEmpty() ? 2 : 0;
    }
    Map<String, List<String>> options = new LinkedHashMap<>();
    List<String> folders = new ArrayList<>();
    for (String arg : args.subList(1, args.size())) {
      if (arg.startsWith("--")) {
        int equals = arg.indexOf('=');
        if (equals < 0) {
          throw new IllegalArgumentException(arg + ": has no value; write " + arg + "=VALUE");
        }
        options
            .computeIfAbsent(arg.substring(2, equals), _ -> new ArrayList<>())
            .add(arg.substring(equals + 1));
      } else {
        folders.add(arg);
      }
    }
    if (folders.size() != 1) {
      throw new IllegalArgumentException("one folder is needed, got " + folders);
    }
    Path root = Path.of(folders.get(0));
    DataFolder.checkVersion(LocalDisk.INSTANCE, root);
    int status =
        switch (args.get(0)) {
          case "list" -> list(root);
          case "verify" -> new FolderCheck(root, out).run() == 0 ? 0 : 1;
          case "repair" -> repair(root);
          case "analyze" -> analyze(root, number(options.remove("limit"), 20));
          case "dump" -> dump(root, options);
          default ->
              throw new IllegalArgumentException(
                  "unknown command \"" + args.get(0) + "\"; see narthex tsdb --help");
        };
    if (!options.isEmpty()) {
      throw new IllegalArgumentException(
          args.get(0) + " has no option --" + options.keySet().iterator().next());
    }
    return status;
  }

  private static int number(@Nullable List<String> values, int otherwise) {
    try {
      return values == null ? otherwise : Integer.parseInt(values.getLast());
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("a number is needed, got " + values.getLast(), e);
    }
  }

  // ---- list ------------------------------------------------------------------------------------

  private int list(Path root) throws IOException {
    try (FolderView view = FolderView.of(root)) {
      String row = "%-26s  %-24s  %-24s  %-9s  %12s  %10s  %9s  %12s%n";
      out.printf(
          Locale.ROOT,
          row,
          "BLOCK ULID",
          "MIN TIME",
          "MAX TIME",
          "DURATION",
          "NUM SAMPLES",
          "NUM CHUNKS",
          "NUM SERIES",
          "SIZE");
      for (Block b : view.storage().blocks().list()) {
        out.printf(
            Locale.ROOT,
            row,
            b.meta.id(),
            time(b.meta.minTimeMs()),
            time(b.meta.maxTimeMs()),
            duration(b.meta.maxTimeMs() - b.meta.minTimeMs()),
            b.meta.samples(),
            b.meta.chunks(),
            b.meta.series(),
            b.bytes);
      }
      StorageStats stats = view.storage().stats(0);
      String times =
          stats.headMinTimeMs() > stats.headMaxTimeMs()
              ? "no samples"
              : time(stats.headMinTimeMs()) + " to " + time(stats.headMaxTimeMs());
      out.printf(
          Locale.ROOT,
          "head: %d series, %s; WAL: %d bytes%n",
          stats.headSeries(),
          times,
          Directories.bytesIn(LocalDisk.INSTANCE, DataFolder.walOf(LocalDisk.INSTANCE, root)));
    }
    return 0;
  }

  private static String time(long ms) {
    return Instant.ofEpochMilli(ms).toString();
  }

  private static String duration(long ms) {
    return Duration.ofMillis(ms).toString().substring(2).toLowerCase(Locale.ROOT);
  }

  // ---- repair ----------------------------------------------------------------------------------

  private int repair(Path root) throws IOException {
    FolderCheck check = new FolderCheck(root, out);
    int damaged = check.run();
    try (DataFolder unused =
        DataFolder.open(LocalDisk.INSTANCE, root, true)) { // refused while a server runs
      BlockRepair repair = new BlockRepair(root.resolve("blocks"), out);
      for (Path folder : check.blocksWithDamagedChunks()) {
        repair.run(folder);
      }
    }
    // what is wrong with the WAL is skipped, kept aside and replaced by a checkpoint
    TsdbStorage.open(TsdbConfig.DEFAULT, new FolderView.Standalone(root), false).close();
    out.println(
        damaged == 0 ? "nothing is damaged" : "the rest can be served; damaged files are kept");
    return 0;
  }

  // ---- analyze ---------------------------------------------------------------------------------

  private int analyze(Path root, int limit) throws IOException {
    try (FolderView view = FolderView.of(root)) {
      StorageStats stats = view.storage().stats(limit);
      out.printf(
          Locale.ROOT,
          "head: %d series, %d label pairs%n",
          stats.headSeries(),
          stats.headLabelPairs());
      counts("label pairs with most series", stats.seriesByPair());
      counts("metrics with most series", stats.seriesByMetric());
      counts("labels with most values", stats.valuesByLabel());
      counts("labels whose values take most bytes over all series", stats.memoryByLabel());
    }
    return 0;
  }

  private void counts(String title, List<StorageStats.Count> counts) {
    out.println();
    out.println(title);
    for (StorageStats.Count c : counts) {
      out.printf(Locale.ROOT, "%10d  %s%n", c.value(), c.name());
    }
  }

  // ---- dump ------------------------------------------------------------------------------------

  private int dump(Path root, Map<String, List<String>> options) throws IOException {
    List<Matcher> matchers = new ArrayList<>();
    List<String> pairs = options.remove("match");
    for (String pair : pairs == null ? List.<String>of() : pairs) {
      int equals = pair.indexOf('=');
      matchers.add(
          equals < 0
              ? Matcher.equal(Labels.METRIC_NAME, pair)
              : Matcher.equal(pair.substring(0, equals), pair.substring(equals + 1)));
    }
    if (matchers.isEmpty()) {
      matchers.add(Matcher.notEqual(Labels.METRIC_NAME, ""));
    }
    long from = moment(options.remove("min-time"), Long.MIN_VALUE);
    long to = moment(options.remove("max-time"), Long.MAX_VALUE);
    try (FolderView view = FolderView.of(root);
        SeriesCursor cursor = view.storage().select(SelectRequest.of(matchers, from, to))) {
      SampleTile tile = new SampleTile(ROWS);
      while (cursor.nextSeries()) {
        String labels = cursor.labels().toString();
        while (cursor.nextTile(tile)) {
          for (int i = 0; i < tile.size; i++) {
            out.append(labels)
                .append(' ')
                .append(
                    tile.kind == SampleTile.Kind.HISTOGRAM
                        ? tile.histograms[i].toString()
                        : value(tile.values[i]))
                .append(' ')
                .append(Long.toString(tile.timesMs[i]))
                .append('\n');
          }
        }
      }
    }
    return 0;
  }

  private static long moment(@Nullable List<String> given, long otherwise) {
    if (given == null) {
      return otherwise;
    }
    String text = given.getLast();
    try {
      return text.matches("-?[0-9.]+")
          ? new BigDecimal(text).movePointRight(3).longValue()
          : Instant.parse(text).toEpochMilli();
    } catch (DateTimeParseException | NumberFormatException e) {
      throw new IllegalArgumentException(
          "a time in RFC 3339 or in seconds is needed, got " + text, e);
    }
  }

  private static String value(double v) {
    if (Double.isInfinite(v)) {
      return v > 0 ? "+Inf" : "-Inf";
    }
    return v == Math.rint(v) && Math.abs(v) < 1e15 && !isNegativeZero(v)
        ? Long.toString((long) v)
        : Double.toString(v);
  }

  private static boolean isNegativeZero(double v) {
    return Double.doubleToRawLongBits(v) == Long.MIN_VALUE;
  }
}
