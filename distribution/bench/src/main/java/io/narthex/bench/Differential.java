package io.narthex.bench;

import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.net.URLEncoder;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Random;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Runs random queries against the real Prometheus and Narthex on identical data and reports every
 * disagreement: another status, error type, label set, time, or a value that differs by more than
 * 1e-12 of its size.
 *
 * <p>Differences that the changelog explains are avoided ({@code mad_over_time} of NaN, which is
 * NaN since 3.13) or counted separately (unary minus over series that differ in their name only,
 * which 3.5 refuses although they do not overlap, prometheus#17708).
 *
 * <p>Usage: {@code Differential ASSEMBLED_FOLDER [--histograms] [--seed=N] [--queries=N]
 * [--show=N]}; with {@code --histograms} all queries are about native histograms. Exit status 0
 * when all agree, 1 otherwise.
 */
public final class Differential {
  private static final Pattern UNARY_MINUS =
      Pattern.compile("(^|[(,+*/%^<>=-]|\\b(and|or|unless|bool)\\b)\\s*-\\s*[(a-z_]", 0);
  private static final String SAME_LABELS = "vector cannot contain metrics with the same labelset";

  private final PrintStream out;
  private int annotationDifferences;
  private int explained;

  private Differential(PrintStream out) {
    this.out = out;
  }

  /** Runs the comparison. */
  public static void main(String[] args) throws Exception {
    Path assembled = Path.of(args[0]).toAbsolutePath();
    long seed = 1;
    int queries = 20_000;
    int show = 20;
    boolean histograms = false;
    for (int i = 1; i < args.length; i++) {
      String value = args[i].substring(args[i].indexOf('=') + 1);
      if (args[i].startsWith("--seed=")) {
        seed = Long.parseLong(value);
      } else if (args[i].startsWith("--queries=")) {
        queries = Integer.parseInt(value);
      } else if (args[i].startsWith("--show=")) {
        show = Integer.parseInt(value);
      } else if (args[i].equals("--histograms")) {
        histograms = true;
      }
    }
    Supplier<String> source =
        histograms ? new RandomHistogramQueries(seed)::next : new RandomQueries(seed)::next;
    System.exit(new Differential(System.out).run(assembled, seed, queries, show, source));
  }

  /**
   * Sends a few random queries to the server of a distribution and to Prometheus.
   *
   * @param out receives the first disagreements
   * @return whether all agree
   */
  public static boolean agrees(Path assembled, long seed, int queries, PrintStream out)
      throws Exception {
    return new Differential(out).run(assembled, seed, queries, 5, new RandomQueries(seed)::next)
        == 0;
  }

  private int run(Path assembled, long seed, int queries, int show, Supplier<String> generator)
      throws Exception {
    long end = System.currentTimeMillis() / 60_000 * 60_000 - 60_000;
    DifferentialData data = new DifferentialData(seed, end);
    out.printf(
        Locale.ROOT,
        "differential: seed %d, %d series, %d samples each, %d queries%n",
        seed,
        data.size(),
        DifferentialData.POINTS,
        queries);
    int disagreements = 0;
    try (TemporaryFolder work = TemporaryFolder.create("differential");
        Peer prometheus = Peer.prometheus(work.path().resolve("prometheus"));
        Peer narthex = Peer.narthex(assembled, work.path().resolve("narthex"))) {
      data.load(prometheus);
      data.load(narthex);
      Random random = new Random(seed ^ 0x5eed);
      int errors = 0;
      for (int n = 0; n < queries; n++) {
        String query = generator.get();
        String path;
        String body = "query=" + URLEncoder.encode(query, StandardCharsets.UTF_8);
        long at =
            data.startMs()
                + (long) (random.nextDouble() * (data.endMs() - data.startMs() + 300_000));
        if (random.nextInt(3) > 0) {
          path = "/api/v1/query";
          body += "&time=" + at / 1000.0;
        } else {
          path = "/api/v1/query_range";
          long step = new long[] {15, 30, 60, 97, 300}[random.nextInt(5)];
          long start =
              data.startMs() + (long) (random.nextDouble() * (data.endMs() - data.startMs()));
          body +=
              "&start="
                  + start / 1000.0
                  + "&end="
                  + (start / 1000.0 + step * (1 + random.nextInt(60)))
                  + "&step="
                  + step;
        }
        HttpResponse<String> expected = prometheus.form(path, body);
        HttpResponse<String> actual = narthex.form(path, body);
        Answer a = Answer.read(stream(expected.body()));
        Answer b = Answer.read(stream(actual.body()));
        if (!a.success()) {
          errors++;
        }
        String difference =
            expected.statusCode() != actual.statusCode()
                ? "status " + expected.statusCode() + " / " + actual.statusCode()
                : compare(a, b);
        if (difference != null
            && expected.statusCode() == 422
            && actual.statusCode() == 200
            && expected.body().contains(SAME_LABELS)
            && UNARY_MINUS.matcher(query).find()) {
          explained++;
        } else if (difference != null) {
          disagreements++;
          if (disagreements <= show) {
            out.printf(
                Locale.ROOT,
                "DISAGREE %s%n  %s %s%n  %s%n  prometheus %s%n  narthex    %s%n",
                difference,
                path,
                body,
                query,
                cut(expected.body()),
                cut(actual.body()));
          }
        }
      }
      out.printf(
          Locale.ROOT,
          "differential: %d queries (%d with errors), %d disagreements, %d explained, %d with other annotations; seed %d%n",
          queries,
          errors,
          disagreements,
          explained,
          annotationDifferences,
          seed);
    }
    return disagreements == 0 ? 0 : 1;
  }

  private static String cut(String text) {
    return text.length() > 400 ? text.substring(0, 400) + "…" : text.strip();
  }

  private static InputStream stream(String body) {
    return new ByteArrayInputStream(body.getBytes(StandardCharsets.UTF_8));
  }

  private @Nullable String compare(Answer a, Answer b) {
    if (!a.status().equals(b.status()) || !a.errorType().equals(b.errorType())) {
      return "outcome";
    }
    if (!a.success()) {
      return null; // texts are compared by the conformance suites
    }
    if (!a.annotations().equals(b.annotations())) {
      annotationDifferences++;
    }
    return Comparison.data(a, b);
  }
}
