package io.narthex.storage.tsdb;

import io.narthex.model.Labels;
import io.narthex.model.Matcher;
import io.narthex.model.NativeHistogram;
import io.narthex.model.StaleMarker;
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
import java.math.RoundingMode;
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
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The command line {@code narthex tsdb}: looks into the folder of a database, whether a server uses
 * it or not. Only {@code repair} and {@code upgrade} change anything, and only where no server
 * runs.
 */
public final class TsdbCommand {
  private static final String USAGE =
      """
      usage: narthex tsdb list    [DIR]
             narthex tsdb verify  [DIR]
             narthex tsdb repair  [DIR]
             narthex tsdb upgrade [DIR]
             narthex tsdb analyze [--limit=20] [DIR]
             narthex tsdb dump    [--match=NAME=VALUE …] [--min-time=T] [--max-time=T] [DIR]

      list     blocks by time, and the WAL
      verify   reads every byte; prints what is damaged, with file and offset, and exits with 1 when something is
      repair   sets aside what is damaged, so that the rest is served; the server must not run
      upgrade  rewrites a folder of format 1 or 2 to format 3, as a server does after 24 hours;
               versions before format 3 cannot read it any more; the server must not run
      analyze  where the series of the head come from: names, values and pairs with most series
      dump     samples as lines "{labels} value milliseconds"; T is RFC 3339 or seconds since 1970;
               the value is "stale" where a series ended, and of a histogram
               "{schema:S count:C sum:S z_bucket:C z_bucket_w:W buckets:[INDEX:C …] n_buckets:[INDEX:C …] …}"

      DIR is what the server has as --storage.tsdb.path. A server may run in it, except for repair and upgrade.
      """;

  /** The options of each command. */
  private static final Map<String, Set<String>> OPTIONS =
      Map.of(
          "list", Set.of(),
          "verify", Set.of(),
          "repair", Set.of(),
          "upgrade", Set.of(),
          "analyze", Set.of("limit"),
          "dump", Set.of("match", "min-time", "max-time"));

  /** The folder that is looked into when none is named. */
  private static final String DEFAULT_FOLDER = "narthex.data";

  /** A staleness marker; other NaN are "NaN". */
  private static final String STALE = "stale";

  private static final int ROWS = 128;

  private final PrintStream out;
  private final PrintStream err;

  TsdbCommand(PrintStream out, PrintStream err) {
    this.out = out;
    this.err = err;
  }

  /** Runs the command line and ends the process: 0 = done, 1 = failed or damaged, 2 = misused. */
  public static void main(String[] args) {
    PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
    int status;
    try {
      status = new TsdbCommand(out, System.err).run(List.of(args));
    } catch (IllegalArgumentException e) {
      System.err.println("narthex tsdb: " + e.getMessage());
      status = 2;
    } catch (StorageException e) {
      System.err.println("narthex tsdb: " + e.getMessage());
      status = 1;
    } catch (OutOfMemoryError e) {
      System.err.println(
          "narthex tsdb: the heap is too small for the series of the head; set -Xmx in NARTHEX_JAVA_OPTS");
      status = 1;
    } catch (IOException | RuntimeException e) {
      System.err.println("narthex tsdb: " + e);
      status = 1;
    }
    out.flush();
    System.exit(status);
  }

  /**
   * Runs a command line.
   *
   * @throws IllegalArgumentException when it makes no sense; nothing has been done then
   */
  int run(List<String> args) throws IOException {
    if (args.isEmpty() || args.contains("--help") || args.get(0).equals("help")) {
      out.print(USAGE);
      return args.isEmpty() ? 2 : 0;
    }
    String command = args.get(0);
    Set<String> known = OPTIONS.get(command);
    if (known == null) {
      throw new IllegalArgumentException(
          "unknown command \"" + command + "\"; see narthex tsdb --help");
    }
    Map<String, List<String>> options = new LinkedHashMap<>();
    List<String> folders = new ArrayList<>();
    for (String arg : args.subList(1, args.size())) {
      if (!arg.startsWith("-")) {
        folders.add(arg);
        continue;
      }
      int equals = arg.indexOf('=');
      String name = equals < 0 ? arg : arg.substring(0, equals);
      if (!name.startsWith("--") || !known.contains(name.substring(2))) {
        throw new IllegalArgumentException(command + " has no option " + name);
      }
      if (equals < 0) {
        throw new IllegalArgumentException(arg + ": has no value; write " + arg + "=VALUE");
      }
      options
          .computeIfAbsent(name.substring(2), _ -> new ArrayList<>())
          .add(arg.substring(equals + 1));
    }
    String otherwise = System.getProperty(DEFAULT_FOLDER, "");
    if (folders.isEmpty() && !otherwise.isEmpty()) {
      folders.add(otherwise);
    }
    if (folders.size() != 1) {
      throw new IllegalArgumentException("one folder is needed, got " + folders);
    }
    Path root = Path.of(folders.get(0));
    int limit = limit(options.get("limit"));
    List<Matcher> matchers = matchers(options.getOrDefault("match", List.of()));
    long from = moment(options.get("min-time"), Long.MIN_VALUE);
    long to = moment(options.get("max-time"), Long.MAX_VALUE);
    if (!LocalDisk.INSTANCE.isDirectory(root)) {
      throw new StorageException.Unusable(root + ": there is no such folder");
    }
    DataFolder.checkVersion(LocalDisk.INSTANCE, root);
    return switch (command) {
      case "list" -> list(root);
      case "verify" -> new FolderCheck(root, out).run() == 0 ? 0 : 1;
      case "repair" -> repair(root);
      case "upgrade" -> upgrade(root);
      case "analyze" -> analyze(root, limit);
      default -> dump(root, matchers, from, to);
    };
  }

  private static int limit(@Nullable List<String> values) {
    if (values == null) {
      return 20;
    }
    try {
      int limit = Integer.parseInt(values.getLast());
      if (limit > 0) {
        return limit;
      }
    } catch (NumberFormatException e) {
      // said below
    }
    throw new IllegalArgumentException(
        "--limit: a number from 1 on is needed, got " + values.getLast());
  }

  private static List<Matcher> matchers(List<String> pairs) {
    List<Matcher> matchers = new ArrayList<>();
    for (String pair : pairs) {
      int equals = pair.indexOf('=');
      if (equals == 0 || pair.isEmpty()) {
        throw new IllegalArgumentException("--match: NAME=VALUE is needed, got " + pair);
      }
      matchers.add(
          equals < 0
              ? Matcher.equal(Labels.METRIC_NAME, pair)
              : Matcher.equal(pair.substring(0, equals), pair.substring(equals + 1)));
    }
    return matchers.isEmpty() ? List.of(Matcher.notEqual(Labels.METRIC_NAME, "")) : matchers;
  }

  private static long moment(@Nullable List<String> given, long otherwise) {
    if (given == null) {
      return otherwise;
    }
    String text = given.getLast();
    try {
      return text.matches("-?[0-9.]+")
          ? new BigDecimal(text).movePointRight(3).setScale(0, RoundingMode.DOWN).longValueExact()
          : Instant.parse(text).toEpochMilli();
    } catch (DateTimeParseException | ArithmeticException | NumberFormatException e) {
      throw new IllegalArgumentException(
          "a time in RFC 3339 or in seconds is needed, got " + text, e);
    }
  }

  /** Opens a view; what cannot be read of the folder is missing in it, which is said. */
  private FolderView view(Path root) throws IOException {
    FolderView view = FolderView.of(root);
    if (view.isDamaged()) {
      err.println(
          "narthex tsdb: " + root + ": damaged parts are left out; narthex tsdb verify names them");
    }
    return view;
  }

  // ---- list ------------------------------------------------------------------------------------

  private int list(Path root) throws IOException {
    try (FolderView view = view(root)) {
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
      Path wal = DataFolder.walOf(LocalDisk.INSTANCE, root);
      Path head = DataFolder.checkpointsOf(LocalDisk.INSTANCE, root);
      String times =
          stats.headMinTimeMs() > stats.headMaxTimeMs()
              ? "no samples"
              : time(stats.headMinTimeMs()) + " to " + time(stats.headMaxTimeMs());
      out.printf(
          Locale.ROOT,
          "head: %d series, %s; WAL: %d bytes",
          stats.headSeries(),
          times,
          Directories.bytesIn(LocalDisk.INSTANCE, wal));
      if (!head.equals(wal)) {
        out.printf(
            Locale.ROOT,
            "; checkpoints and sealed chunks: %d bytes",
            Directories.bytesIn(LocalDisk.INSTANCE, head));
      }
      out.println();
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
    int damaged;
    try (DataFolder unused =
        DataFolder.open(LocalDisk.INSTANCE, root, true)) { // refused while a server runs
      damaged = check.run();
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

  // ---- upgrade ---------------------------------------------------------------------------------

  private int upgrade(Path root) {
    boolean changed;
    TsdbStorage storage = // refused while a server runs
        TsdbStorage.open(TsdbConfig.DEFAULT, new FolderView.Standalone(root), false);
    try {
      changed = storage.upgrade();
    } finally {
      storage.close();
    }
    out.println(changed ? "has format 3 now" : "has format 3 already");
    return 0;
  }

  // ---- analyze ---------------------------------------------------------------------------------

  private int analyze(Path root, int limit) throws IOException {
    try (FolderView view = view(root)) {
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

  private int dump(Path root, List<Matcher> matchers, long from, long to) throws IOException {
    try (FolderView view = view(root)) {
      try (SeriesCursor cursor = view.storage().select(SelectRequest.of(matchers, from, to))) {
        dump(cursor);
        return 0;
      } catch (StorageException e) {
        err.println("narthex tsdb: " + view.original(root, e));
        return 1;
      }
    }
  }

  private void dump(SeriesCursor cursor) {
    SampleTile tile = new SampleTile(ROWS);
    while (cursor.nextSeries() && !out.checkError()) { // who reads it may have seen enough
      String labels = cursor.labels().toString();
      while (cursor.nextTile(tile)) {
        for (int i = 0; i < tile.size; i++) {
          out.append(labels)
              .append(' ')
              .append(
                  tile.kind == SampleTile.Kind.HISTOGRAM
                      ? histogram(tile.histograms[i])
                      : value(tile.values[i]))
              .append(' ')
              .append(Long.toString(tile.timesMs[i]))
              .append('\n');
        }
      }
    }
  }

  /**
   * Returns everything of a histogram, with the words of PromQL's notation; a bucket is
   * "index:population".
   */
  static String histogram(NativeHistogram h) {
    if (h.isStale()) {
      return STALE;
    }
    StringBuilder text = new StringBuilder(200);
    text.append("{schema:").append(h.schema());
    text.append(" count:").append(value(h.count())).append(" sum:").append(value(h.sum()));
    if (h.zeroCount() != 0 || h.zeroThreshold() != 0) {
      text.append(" z_bucket:").append(value(h.zeroCount()));
      text.append(" z_bucket_w:").append(value(h.zeroThreshold()));
    }
    buckets(text, " buckets:[", h.positiveSpans(), h.positiveBuckets());
    buckets(text, " n_buckets:[", h.negativeSpans(), h.negativeBuckets());
    if (h.hasCustomBuckets()) {
      text.append(" custom_values:[");
      String between = "";
      for (double bound : h.customBounds()) {
        text.append(between).append(value(bound));
        between = " ";
      }
      text.append(']');
    }
    if (h.resetHint() != NativeHistogram.ResetHint.UNKNOWN) {
      text.append(" counter_reset_hint:").append(h.resetHint().name().toLowerCase(Locale.ROOT));
    }
    return text.append('}').toString();
  }

  private static void buckets(StringBuilder text, String name, int[] spans, double[] buckets) {
    if (buckets.length == 0) {
      return;
    }
    text.append(name);
    String between = "";
    long index = 0;
    int bucket = 0;
    for (int span = 0; span + 1 < spans.length; span += 2) {
      index += spans[span];
      for (int i = 0; i < spans[span + 1]; i++) {
        text.append(between).append(index++).append(':').append(value(buckets[bucket++]));
        between = " ";
      }
    }
    text.append(']');
  }

  private static String value(double v) {
    if (StaleMarker.is(v)) {
      return STALE;
    }
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
