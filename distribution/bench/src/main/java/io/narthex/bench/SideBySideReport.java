package io.narthex.bench;

import io.narthex.bench.BenchQueries.Query;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The tables of a comparison: a row per query as it is measured, means and the worst at the end.
 */
final class SideBySideReport {
  private static final int WORST = 10;

  private final PrintStream out;
  private final List<Ratios> done = new ArrayList<>();

  SideBySideReport(PrintStream out) {
    this.out = out;
  }

  /** What one system needed for one query. */
  record Timing(double millis, double cpuMillis) {}

  /** How Narthex did; NaN where there is nothing to compare. */
  private record Ratios(Query query, double latency, double cpu, double vm, double vmCpu) {}

  /** Returns how many queries were measured. */
  int size() {
    return done.size();
  }

  void head() {
    out.println(
        "| query | steps | Prometheus ms | Narthex ms | VM ms | N/P | N/VM | CPU ms P / N / VM |"
            + " CPU N/P | |");
    out.println("|---|---|---|---|---|---|---|---|---|---|");
    out.flush();
  }

  void refused(Query query) {
    out.printf(
        Locale.ROOT,
        "| `%s` | %d | | | | | | | | this Prometheus refuses it |%n",
        query.expression().replace("|", "\\|"),
        query.steps());
  }

  /**
   * Adds a query.
   *
   * @param t of Prometheus, Narthex and VictoriaMetrics
   */
  void add(Query query, @Nullable Timing[] t, List<String> remarks) {
    double p = t[0] == null ? Double.NaN : t[0].millis;
    double n = t[1] == null ? Double.NaN : t[1].millis;
    double v = t[2] == null ? Double.NaN : t[2].millis;
    Ratios ratios = new Ratios(query, n / p, cpu(t[1]) / cpu(t[0]), n / v, cpu(t[1]) / cpu(t[2]));
    done.add(ratios);
    out.printf(
        Locale.ROOT,
        "| `%s` | %d | %s | %s | %s | %s | %s | %s / %s / %s | %s | %s |%n",
        query.expression().replace("|", "\\|"),
        query.steps(),
        number(p),
        number(n),
        number(v),
        number(ratios.latency),
        number(ratios.vm),
        number(cpu(t[0])),
        number(cpu(t[1])),
        number(cpu(t[2])),
        number(ratios.cpu),
        String.join("; ", remarks));
    out.flush();
  }

  private static double cpu(@Nullable Timing t) {
    return t == null || t.cpuMillis == 0 ? Double.NaN : t.cpuMillis;
  }

  /** Prints the means of each class, the slowest, and where Narthex is behind. */
  void summary() {
    out.println();
    out.println("Geometric means of Narthex / Prometheus and Narthex / VictoriaMetrics, warm:");
    out.println();
    out.println("| class | queries | N/P latency | N/P CPU | N/VM latency | N/VM CPU |");
    out.println("|---|---|---|---|---|---|");
    Map<String, List<Ratios>> groups = new LinkedHashMap<>();
    done.forEach(r -> groups.computeIfAbsent(r.query.group(), _ -> new ArrayList<>()).add(r));
    groups.forEach(this::means);
    means("**all**", done);
    out.println();
    out.println("Slowest against Prometheus:");
    worst(done, Ratios::latency)
        .limit(WORST)
        .forEach(r ->
            out.printf(
                Locale.ROOT, "%6.2f (CPU %s) %s%n", r.latency, number(r.cpu), r.query.name()));
    out.println();
    out.println("Behind (latency above 1.0), by class; none where there is no line:");
    groups.forEach((title, group) -> {
      behind(title, "Prometheus", group, Ratios::latency);
      behind(title, "VictoriaMetrics", group, Ratios::vm);
    });
    out.flush();
  }

  private static Stream<Ratios> worst(List<Ratios> of, ToDoubleFunction<Ratios> ratio) {
    return of.stream()
        .filter(r -> Double.isFinite(ratio.applyAsDouble(r)))
        .sorted(Comparator.comparingDouble((Ratios r) -> -ratio.applyAsDouble(r)));
  }

  private void behind(
      String title, String peer, List<Ratios> group, ToDoubleFunction<Ratios> ratio) {
    List<String> behind =
        worst(group, ratio)
            .filter(r -> ratio.applyAsDouble(r) > 1)
            .map(r -> number(ratio.applyAsDouble(r)) + " `" + r.query.expression() + "`")
            .toList();
    if (!behind.isEmpty()) {
      out.printf(
          Locale.ROOT,
          "- %s: %d of %d behind %s: %s%n",
          title,
          behind.size(),
          worst(group, ratio).count(),
          peer,
          String.join(", ", behind));
    }
  }

  private void means(String title, List<Ratios> group) {
    out.printf(
        Locale.ROOT,
        "| %s | %d | %s | %s | %s | %s |%n",
        title,
        group.size(),
        mean(group, Ratios::latency),
        mean(group, Ratios::cpu),
        mean(group, Ratios::vm),
        mean(group, Ratios::vmCpu));
  }

  private static String mean(List<Ratios> group, ToDoubleFunction<Ratios> ratio) {
    double[] logs =
        group.stream()
            .mapToDouble(ratio)
            .filter(r -> r > 0 && Double.isFinite(r))
            .map(Math::log)
            .toArray();
    return number(Math.exp(Arrays.stream(logs).average().orElse(Double.NaN)));
  }

  private static String number(double v) {
    return Double.isNaN(v) ? "–" : String.format(Locale.ROOT, v < 10 ? "%.2f" : "%.1f", v);
  }
}
