package io.narthex.query;

import io.narthex.model.Labels;
import io.narthex.model.Matcher;
import io.narthex.model.StaleMarker;
import io.narthex.promql.Expr.VectorSelector;
import io.narthex.promql.Printer;
import io.narthex.promql.Strings;
import io.narthex.service.query.EmptyResultExplainer.Condition;
import io.narthex.service.query.EmptyResultExplainer.Problem;
import io.narthex.service.query.EmptyResultExplainer.Selector;
import io.narthex.service.query.QueryException;
import io.narthex.spi.storage.SampleTile;
import io.narthex.spi.storage.SelectMemory;
import io.narthex.spi.storage.SelectRequest;
import io.narthex.spi.storage.SeriesCursor;
import io.narthex.spi.storage.Storage;
import io.narthex.spi.storage.StorageException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Finds out why a selector selects nothing. Confined to a thread. */
final class SelectorCheck {
  private static final int MAX_VALUES = 100_000;
  private static final int MAX_MATCHERS = 12;
  private static final int MAX_NEAREST = 5;
  private static final int MAX_READ = 200;
  private static final long MAX_BYTES = 16 << 20;
  private static final long HOUR_MS = 3_600_000;
  private static final String EVERY_SAMPLE = "";

  /** Beyond a day, a week, … samples are looked for in one go. */
  private static final long[] LOOK_BACK_HOURS = {1, 6, 24, 7 * 24, 30 * 24, 366 * 24};

  private final Storage storage;
  private final BooleanSupplier late;

  SelectorCheck(Storage storage, BooleanSupplier late) {
    this.storage = storage;
    this.late = late;
  }

  /**
   * Examines a selector.
   *
   * @param minMs times at which it needs samples
   * @param ended whether a series has ended when its newest sample in range is a staleness marker
   */
  Selector check(VectorSelector v, long minMs, long maxMs, boolean ended) {
    List<Matcher> matchers = v.matchers();
    long series = count(matchers);
    if (series == 0) {
      return absent(v);
    }
    Long inRange = inRange(matchers, minMs, maxMs, ended);
    Long seen = lastSeen(matchers, maxMs);
    boolean none = inRange != null && inRange == 0;
    return new Selector(
        Printer.print(v),
        series,
        inRange,
        seen,
        none ? Problem.NO_SAMPLES_IN_RANGE : Problem.NONE,
        List.of(),
        List.of(),
        none ? notInRange(series, seen, minMs, maxMs) : selects(series, inRange));
  }

  private static String selects(long series, @Nullable Long inRange) {
    return inRange == null
        ? "It selects " + number(series) + "; whether they have samples was not found out in time."
        : number(inRange) + " of " + number(series) + " have samples in the time range.";
  }

  private static String notInRange(long series, @Nullable Long seen, long minMs, long maxMs) {
    String range = "from " + Instant.ofEpochMilli(minMs) + " to " + Instant.ofEpochMilli(maxMs);
    String text = number(series) + (series == 1 ? " has" : " have") + " no sample " + range;
    if (seen == null) {
      return text + ".";
    }
    String at = Instant.ofEpochMilli(seen).toString();
    return seen > maxMs
        ? text + "; there are later ones, the newest at " + at + "."
        : seen >= minMs
            ? text + " that still counts: they ended, with the last sample at " + at + "."
            : text + "; the last one was at " + at + ".";
  }

  static String number(long series) {
    return (series >= Selector.MAX_COUNTED ? "at least " : "") + series + " series";
  }

  /* no such series */

  private Selector absent(VectorSelector v) {
    List<Matcher> matchers = v.matchers();
    Matcher name = nameOf(matchers);
    boolean noMetric = name != null && (matchers.size() == 1 || count(List.of(name)) == 0);
    if (late.getAsBoolean()) {
      return new Selector(
          Printer.print(v),
          0,
          0L,
          null,
          Problem.NO_MATCH,
          List.of(),
          List.of(),
          "No series matches; there was no time to find out why.");
    }
    if (name != null && noMetric) {
      List<String> names =
          nearest(name, storage.labelValues(Labels.METRIC_NAME, List.of(), MIN, MAX, MAX_VALUES));
      return new Selector(
          Printer.print(v),
          0,
          0L,
          null,
          Problem.NO_METRIC,
          List.of(
              new Condition(
                  Printer.matcher(name),
                  0,
                  matchers.size() == 1 ? 0 : others(matchers, name),
                  names)),
          names,
          "No metric has the name "
              + Strings.quote(name.value())
              + (names.isEmpty() ? "." : "; nearest names: " + quoted(names) + "."));
    }
    List<Condition> conditions = new ArrayList<>();
    List<String> sentences = new ArrayList<>();
    for (Matcher m : matchers.subList(0, Math.min(MAX_MATCHERS, matchers.size()))) {
      if (late.getAsBoolean()) {
        break;
      }
      condition(matchers, m, name, conditions, sentences);
    }
    if (sentences.isEmpty()) {
      sentences.add(
          "Each condition is met by some series, but no series meets all of them together.");
    }
    return new Selector(
        Printer.print(v),
        0,
        0L,
        null,
        Problem.NO_MATCH,
        conditions,
        List.of(),
        String.join(" ", sentences));
  }

  private void condition(
      List<Matcher> all,
      Matcher m,
      @Nullable Matcher name,
      List<Condition> conditions,
      List<String> sentences) {
    List<Matcher> alone = name == null || name.equals(m) ? List.of(m) : List.of(name, m);
    long own = count(alone);
    long without = others(all, m);
    if (late.getAsBoolean()) {
      return; // what was counted last may be nothing for lack of time
    }
    List<String> values = List.of();
    if (own == 0 || without > 0) {
      List<Matcher> rest = without > 0 ? except(all, m) : name == null ? List.of() : List.of(name);
      List<String> there =
          storage.labelValues(
              m.name(), rest.isEmpty() ? List.of() : List.of(rest), MIN, MAX, MAX_VALUES);
      values = nearest(m, there);
      if (!m.equals(name)) {
        sentences.add(sentence(m, own, without, there, values, rest));
      }
    }
    conditions.add(new Condition(Printer.matcher(m), own, without, values));
  }

  private String sentence(
      Matcher m,
      long own,
      long without,
      List<String> there,
      List<String> values,
      List<Matcher> rest) {
    String start =
        own == 0
            ? "No series has " + Printer.matcher(m)
            : "No series that meets the other conditions has " + Printer.matcher(m);
    if (there.isEmpty()) {
      List<String> labels =
          storage.labelNames(rest.isEmpty() ? List.of() : List.of(rest), MIN, MAX, 100);
      List<String> near =
          Nearest.of(m.name(), labels, MAX_NEAREST, late).stream()
              .filter(l -> !l.equals(Labels.METRIC_NAME))
              .toList();
      return start
          + ", for none has the label "
          + Strings.quote(m.name())
          + (near.isEmpty() ? "." : "; nearest labels: " + quoted(near) + ".");
    }
    String nearest = values.isEmpty() ? "." : "; nearest values: " + quoted(values) + ".";
    return start + (without > 0 ? " (" + number(without) + " without it)" : "") + nearest;
  }

  /** Returns similar values, or else the first ones, when there are but a few. */
  private List<String> nearest(Matcher m, List<String> values) {
    List<String> near = Nearest.of(m.value(), values, MAX_NEAREST, late);
    if (!near.isEmpty() || m.name().equals(Labels.METRIC_NAME)) {
      return near;
    }
    return values.size() <= 20
        ? values.stream().filter(v -> !m.matches(v)).limit(MAX_NEAREST).toList()
        : List.of();
  }

  static @Nullable Matcher nameOf(List<Matcher> matchers) {
    return matchers.stream()
        .filter(m -> m.type() == Matcher.Type.EQUAL && m.name().equals(Labels.METRIC_NAME))
        .findFirst()
        .orElse(null);
  }

  private long others(List<Matcher> all, Matcher m) {
    return count(except(all, m));
  }

  private static List<Matcher> except(List<Matcher> all, Matcher m) {
    return all.stream().filter(other -> other != m).toList();
  }

  static String quoted(List<String> texts) {
    return texts.stream().map(Strings::quote).collect(Collectors.joining(", "));
  }

  /* the storage */

  private static final long MIN = Long.MIN_VALUE / 1_000_000;
  private static final long MAX = Long.MAX_VALUE / 1_000_000;

  /** Returns how many series there are at any time; 0 for matchers that nobody may select with. */
  private long count(List<Matcher> matchers) {
    if (late.getAsBoolean() || matchers.stream().allMatch(Matcher::matchesEmpty)) {
      return 0;
    }
    return storage.series(List.of(matchers), MIN, MAX, Selector.MAX_COUNTED).size();
  }

  private interface Samples {
    /** Takes the samples of a series and returns whether another series is wanted. */
    boolean take(SeriesCursor cursor, SampleTile tile);
  }

  /** Reads series; returns false when there was no time or memory for it. */
  private boolean read(
      List<Matcher> matchers, long minMs, long maxMs, String purpose, int limit, Samples samples) {
    long[] held = {0};
    SelectMemory memory =
        bytes -> {
          held[0] += bytes;
          if (held[0] > MAX_BYTES) {
            throw new SelectMemory.Refused(
                new QueryException(QueryException.Kind.EXECUTION, "too many series"));
          }
        };
    SelectRequest request =
        new SelectRequest(
            matchers,
            minMs,
            maxMs,
            new SelectRequest.Hints(purpose, 0, 0, false, limit, late::getAsBoolean, true));
    try (SeriesCursor cursor = storage.select(request, memory)) {
      SampleTile tile = new SampleTile(64);
      for (int n = 0; n < limit && cursor.nextSeries(); n++) {
        if (late.getAsBoolean()) {
          return false;
        }
        if (!samples.take(cursor, tile)) {
          break;
        }
      }
      return true;
    } catch (SelectMemory.Refused | StorageException.Failed e) {
      return false;
    }
  }

  /** Returns how many series have samples that count, or null. */
  private @Nullable Long inRange(List<Matcher> matchers, long minMs, long maxMs, boolean ended) {
    long[] n = {0};
    boolean all =
        read(
            matchers,
            minMs,
            maxMs,
            ended ? SelectRequest.Hints.NEWEST : EVERY_SAMPLE,
            Selector.MAX_COUNTED,
            (cursor, tile) -> {
              boolean lives = false;
              while (cursor.nextTile(tile) && (ended || !lives)) {
                for (int i = 0; i < tile.size; i++) {
                  lives = !isStale(tile, i) || (!ended && lives);
                }
              }
              n[0] += lives ? 1 : 0;
              return true;
            });
    return all ? Long.valueOf(n[0]) : null;
  }

  private static boolean isStale(SampleTile tile, int row) {
    return tile.kind == SampleTile.Kind.HISTOGRAM
        ? StaleMarker.is(tile.histograms[row].sum())
        : StaleMarker.is(tile.values[row]);
  }

  /** Returns the time of the newest sample of some of the series, or null. */
  private @Nullable Long lastSeen(List<Matcher> matchers, long aroundMs) {
    long after = newest(matchers, aroundMs, MAX);
    if (after != MIN) {
      return after;
    }
    for (long hours : LOOK_BACK_HOURS) {
      long found = newest(matchers, aroundMs - hours * HOUR_MS, aroundMs);
      if (found != MIN) {
        return found;
      }
      if (late.getAsBoolean()) {
        return null;
      }
    }
    long found = newest(matchers, MIN, aroundMs);
    return found == MIN ? null : found;
  }

  private long newest(List<Matcher> matchers, long minMs, long maxMs) {
    if (late.getAsBoolean() || storage.series(List.of(matchers), minMs, maxMs, 1).isEmpty()) {
      return MIN;
    }
    long[] found = newest(matchers, minMs, maxMs, SelectRequest.Hints.NEWEST);
    if (found[1] > found[0]) { // it has ended; the last sample is somewhat before the marker
      long[] before = newest(matchers, Math.max(minMs, found[1] - HOUR_MS), found[1], EVERY_SAMPLE);
      return Math.max(found[0], before[0]);
    }
    return found[0];
  }

  /** Returns the times of the newest sample and of the newest staleness marker. */
  private long[] newest(List<Matcher> matchers, long minMs, long maxMs, String purpose) {
    long[] newest = {MIN, MIN};
    boolean unused =
        read(
            matchers,
            minMs,
            maxMs,
            purpose,
            MAX_READ,
            (cursor, tile) -> {
              while (cursor.nextTile(tile)) {
                for (int i = 0; i < tile.size; i++) {
                  int kind = isStale(tile, i) ? 1 : 0;
                  newest[kind] = Math.max(newest[kind], tile.timesMs[i]);
                }
              }
              return true;
            });
    return newest;
  }

  /** Returns the usual time between two samples before a time, or 0 when there are too few. */
  long interval(List<Matcher> matchers, long maxMs) {
    List<Long> gaps = new ArrayList<>();
    boolean unused =
        read(
            matchers,
            maxMs - HOUR_MS,
            maxMs,
            "",
            5,
            (cursor, tile) -> {
              long last = MIN;
              while (cursor.nextTile(tile)) {
                for (int i = 0; i < tile.size; i++) {
                  if (last != MIN) {
                    gaps.add(tile.timesMs[i] - last);
                  }
                  last = tile.timesMs[i];
                }
              }
              return gaps.size() < 1_000;
            });
    if (gaps.isEmpty()) {
      return 0;
    }
    long[] sorted = gaps.stream().mapToLong(Long::longValue).toArray();
    Arrays.sort(sorted);
    return sorted[sorted.length / 2];
  }
}
