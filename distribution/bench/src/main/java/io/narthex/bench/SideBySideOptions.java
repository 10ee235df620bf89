package io.narthex.bench;

import io.narthex.bench.BenchQueries.Query;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * The options of a comparison.
 *
 * @param assembled folder of the assembled server
 * @param quick whether a selection of queries is run over few data
 * @param rounds most measurements of each query
 * @param points samples of each series of the core
 * @param warmSeconds how long Narthex is warmed
 * @param minutes the time after which no further query is begun, loading included
 * @param match finds something in the names of the queries to run
 * @param victoriaMetrics whether it takes part
 * @param keep whether the servers' folders are kept
 */
record SideBySideOptions(
    Path assembled,
    boolean quick,
    int rounds,
    int points,
    int warmSeconds,
    int minutes,
    Pattern match,
    boolean victoriaMetrics,
    boolean keep) {

  /**
   * Reads a command line: the folder, then options.
   *
   * @throws IllegalArgumentException with a text for the user
   */
  static SideBySideOptions parse(String[] args) {
    boolean quick = List.of(args).contains("--quick");
    boolean vm = true;
    boolean keep = false;
    int rounds = 5;
    int points = quick ? 1_500 : BenchData.Scale.FULL.points();
    int warm = quick ? 15 : 45;
    int minutes = 35;
    Pattern match = Pattern.compile("", 0);
    for (int i = 1; i < args.length; i++) {
      String value = args[i].substring(args[i].indexOf('=') + 1);
      try {
        switch (args[i].replaceFirst("=.*", "")) {
          case "--quick" -> {}
          case "--without-vm" -> vm = false;
          case "--keep" -> keep = true;
          case "--rounds" -> rounds = Integer.parseInt(value);
          case "--points" -> points = Integer.parseInt(value);
          case "--warm" -> warm = Integer.parseInt(value);
          case "--minutes" -> minutes = Integer.parseInt(value);
          case "--match" -> match = Pattern.compile(value, 0);
          default -> throw new IllegalArgumentException("queries: unknown option " + args[i]);
        }
      } catch (NumberFormatException e) {
        throw new IllegalArgumentException("queries: not a whole number: " + args[i], e);
      } catch (PatternSyntaxException e) {
        throw new IllegalArgumentException("queries: " + args[i] + ": " + e.getDescription(), e);
      }
    }
    Path assembled = Path.of(args[0]).toAbsolutePath();
    return new SideBySideOptions(assembled, quick, rounds, points, warm, minutes, match, vm, keep);
  }

  /** Returns the queries to run. */
  List<Query> queries() {
    return (quick ? BenchQueries.quick() : BenchQueries.all())
        .stream().filter(query -> match.matcher(query.name()).find()).toList();
  }
}
