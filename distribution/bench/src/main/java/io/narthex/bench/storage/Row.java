package io.narthex.bench.storage;

import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;

/**
 * The rows of the table, in its order.
 *
 * <p>Aims are multiples of what Prometheus or VictoriaMetrics needs, or absolute.
 */
enum Row {
  WRITE_10K("remote write, 10 k series × 8 h: CPU, s per million samples", Of.VICTORIA_METRICS, 1),
  WRITE_1M("remote write, 1 M new series × 40: CPU, s per million samples", Of.VICTORIA_METRICS, 1),
  SCRAPE("scrapes, 100 × 1,000 series at 1 s: CPU, s per million samples", Of.PROMETHEUS, 0.5),
  MEMORY_10K("memory, peak over load and queries, 10 k × 8 h, MiB", Of.NOTHING, 256),
  MEMORY_10K_AFTER("memory, a minute later, 10 k × 8 h, MiB", Of.NOTHING, Double.NaN),
  MEMORY_100K("memory, peak, 100 k scraped series, MiB", Of.PROMETHEUS, 1),
  MEMORY_1M("memory, peak over load and queries, 1 M × 40, MiB", Of.PROMETHEUS, 0.5),
  MEMORY_1M_AFTER("memory, a minute later, 1 M × 40, MiB", Of.NOTHING, Double.NaN),
  MEMORY_IDLE("memory, idle after the default start, MiB", Of.NOTHING, 150),
  BLOCKS("blocks with index, 10 k × 8 h, B per sample", Of.VICTORIA_METRICS, 1),
  DISK_10K("disk after load with log, 10 k × 8 h, B per sample", Of.NOTHING, 1.6),
  DISK_1M("disk after load with log, 1 M × 40, B per sample", Of.NOTHING, 3),
  START("empty start to ready, s", Of.NOTHING, 1.5),
  RESTART("start after SIGKILL, 1 M × 40, s more than the empty start", Of.NOTHING, 1.2),
  QUERIES_10K("15 dashboard queries, 10 k × 8 h, warm, geometric mean, ms", Of.PROMETHEUS, 0.25),
  QUERIES_1M("15 dashboard queries, 1 M × 10 min, warm, geometric mean, ms", Of.PROMETHEUS, 0.4),
  SMALL("one series now, just started, ms", Of.PROMETHEUS, 1),
  SMALL_RANGE("one series for an hour, just started, ms", Of.PROMETHEUS, 1),
  MATCHERS("43 label matchers over 1 M series, geometric mean, ms", Of.PROMETHEUS, 0.4);

  /** What an aim is a multiple of. */
  enum Of {
    PROMETHEUS,
    VICTORIA_METRICS,
    NOTHING
  }

  final String title;
  private final Of of;
  private final double factor;

  Row(String title, Of of, double factor) {
    this.title = title;
    this.of = of;
    this.factor = factor;
  }

  /** Returns what is aimed for, such as "≤ 0.5 P". */
  String aim() {
    if (Double.isNaN(factor)) {
      return "–";
    }
    String number = factor == 1 && of != Of.NOTHING ? "" : trim(factor) + " ";
    return ("≤ "
            + number
            + switch (of) {
              case PROMETHEUS -> "P";
              case VICTORIA_METRICS -> "V";
              case NOTHING -> "";
            })
        .strip();
  }

  /** Returns whether medians meet the aim; true where nothing is aimed for. */
  boolean met(Map<Subject, Double> medians) {
    double own = medians.getOrDefault(Subject.NARTHEX, Double.NaN);
    return switch (of) {
      case PROMETHEUS -> own <= factor * medians.getOrDefault(Subject.PROMETHEUS, Double.NaN);
      case VICTORIA_METRICS ->
          own <= factor * medians.getOrDefault(Subject.VICTORIA_METRICS, Double.NaN);
      case NOTHING -> Double.isNaN(factor) || own <= factor;
    };
  }

  /** Returns the line of the table. */
  String line(Map<Subject, double[]> rounds, String run) {
    Map<Subject, Double> medians = new EnumMap<>(Subject.class);
    rounds.forEach((subject, values) -> medians.put(subject, Medians.of(values)));
    StringBuilder text = new StringBuilder("| ").append(title).append(" |");
    for (Subject subject : Subject.values()) {
      text.append(' ').append(cell(rounds.getOrDefault(subject, new double[0]))).append(" |");
    }
    return text.append(' ')
        .append(ratio(medians, Subject.PROMETHEUS))
        .append(" | ")
        .append(ratio(medians, Subject.VICTORIA_METRICS))
        .append(" | ")
        .append(aim())
        .append(" | ")
        .append(Double.isNaN(factor) ? "–" : met(medians) ? "yes" : "**no**")
        .append(" | ")
        .append(run)
        .append(" |")
        .toString();
  }

  private static String cell(double[] values) {
    if (values.length == 0) {
      return "–";
    }
    double least = Double.MAX_VALUE;
    double most = -Double.MAX_VALUE;
    for (double value : values) {
      least = Math.min(least, value);
      most = Math.max(most, value);
    }
    return trim(Medians.of(values)) + " (" + trim(least) + "–" + trim(most) + ")";
  }

  private static String ratio(Map<Subject, Double> medians, Subject of) {
    double ratio =
        medians.getOrDefault(Subject.NARTHEX, Double.NaN) / medians.getOrDefault(of, Double.NaN);
    return Double.isNaN(ratio) ? "–" : trim(ratio);
  }

  /** Three digits that count. */
  static String trim(double value) {
    if (value != 0 && Math.abs(value) < 0.01) {
      return String.format(Locale.ROOT, "%.4f", value);
    }
    String text =
        String.format(
            Locale.ROOT,
            Math.abs(value) < 10 ? "%.2f" : Math.abs(value) < 100 ? "%.1f" : "%.0f",
            value);
    return text.contains(".") ? text.replaceFirst("\\.?0+$", "") : text;
  }
}
