package io.narthex.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.narthex.promql.ParseException;
import io.narthex.promql.PromqlParser;
import io.narthex.query.PromqlEngine;
import io.narthex.query.context.EngineOptions;
import io.narthex.service.query.QueryEngine;
import io.narthex.service.query.QueryException;
import io.narthex.spi.storage.Storage;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Throws random bytes and mutated expressions at the parser and the engine, in this process. Any
 * exception other than those for users is a failure, and so is a parse or an evaluation of more
 * than five seconds. Queries run with the time limit of {@link #ENGINE_TIMEOUT}, so that an
 * evaluation above five seconds ignores its limit.
 *
 * <p>Usage: {@code Fuzz [--minutes=N] [--seconds=N] [--seed=N]}. Exit status 1 on a failure.
 */
public final class Fuzz {
  private static final long SLOW_NANOS = Duration.ofSeconds(5).toNanos();
  private static final Duration ENGINE_TIMEOUT = Duration.ofSeconds(3);
  private static final long ENDLESS_NANOS = Duration.ofSeconds(60).toNanos();
  private static final int SHOWN = 20;
  private static final int POINTS = 200;

  private static final EngineOptions OPTIONS =
      new EngineOptions(
          Duration.ofMinutes(5),
          ENGINE_TIMEOUT,
          5_000_000,
          20,
          Duration.ofMinutes(1),
          false,
          true,
          false,
          true,
          true,
          true);

  private static final List<String> SEEDS =
      List.of(
          "a_one",
          "{__name__=~\"a_.+\", l!=\"1\"}",
          "sum by (l) (rate(a_hundred[5m]))",
          "histogram_quantile(0.9, sum by (le) (rate(h_hundred[5m])))",
          "a_one + on (l) group_left (le) h_one",
          "max_over_time(rate(a_one[1m])[10m:30s])",
          "a_hundred offset -5m @ start()",
          "count_values(\"v\", b_one) > bool 3",
          "label_replace(a_one, \"x\", \"$1\", \"l\", \"(.*)\")",
          "topk(2, a_hundred) unless b_hundred{l=~\"1.*\"}",
          "-a_one ^ 2 % 3 atan2 time()",
          "quantile_over_time(0.5, sparse[1h])",
          "absent(nothing{a=\"b\"}) or vector(1)",
          "sort_by_label(a_hundred, \"l\")",
          "limit_ratio(-0.5, a_hundred)",
          "info(a_one)",
          "{\"a_one\", \"ü.ö\"=~\"é|\\u00e9\"}",
          "rate(a_one[1m] smoothed) </ 4",
          "a_one @ 1e300",
          "1e1000 * 0x1p-3 + Inf - NaN");

  private static final List<String> TOKENS =
      List.of(
          "(",
          ")",
          "[",
          "]",
          "{",
          "}",
          ",",
          ":",
          "=~",
          "!~",
          "==",
          "!=",
          ">=",
          "<=",
          "</",
          ">/",
          "+",
          "-",
          "*",
          "/",
          "%",
          "^",
          "@",
          "and",
          "or",
          "unless",
          "by",
          "without",
          "on",
          "ignoring",
          "group_left",
          "group_right",
          "bool",
          "offset",
          "start()",
          "end()",
          "step()",
          "5m",
          "1d",
          "1e9y",
          "0s",
          "1ms",
          "[5m]",
          "[5m:1s]",
          "[1d:1ms]",
          "\"",
          "'",
          "`",
          "\\",
          "\\x",
          "\\u12",
          "$",
          "#",
          "\n",
          "\u0000",
          "\ud83d",
          "é",
          "NaN",
          "Inf",
          "-Inf",
          "1e308",
          "0x",
          "1_000",
          "999999999999999999999",
          "__name__",
          "le",
          "a_one",
          "a_hundred",
          "h_hundred",
          "sparse",
          "rate",
          "sum",
          "avg",
          "quantile",
          "topk",
          "anchored",
          "smoothed",
          "fill",
          "fill_left",
          "(.*)*",
          "(a+)+$",
          "a{1000}",
          "[^",
          "(?i)",
          "min",
          "max(");

  private final PrintStream out;
  private final Random random;
  private final long seed;
  private final List<String> seeds = new ArrayList<>(SEEDS);
  private final PromqlParser parser = PromqlEngine.parser(OPTIONS);
  private final QueryEngine engine;
  private final long endMs;
  private final Set<String> failures = new LinkedHashSet<>();
  private volatile @Nullable String current;
  private volatile long currentSince;
  private long inputs;
  private long parsed;
  private long evaluated;
  private long timeouts;
  private long slowestParse;
  private long slowestRun;
  private String slowestText = "";

  /**
   * Creates a run over a small storage in memory.
   *
   * @param out receives an input that does not end
   */
  Fuzz(long seed, PrintStream out) {
    this.seed = seed;
    this.out = out;
    random = new Random(seed);
    endMs = 1_700_000_000_000L;
    Storage storage = LibraryContext.memory();
    new BenchData(BenchData.Scale.FULL.withPoints(POINTS), endMs, BenchData.CORE).load(storage);
    engine = new PromqlEngine(storage, () -> OPTIONS);
  }

  /** Runs for as long as the command line says. */
  public static void main(String[] args) throws IOException {
    long seed = System.nanoTime() & 0xffff_ffffL;
    Duration time = Duration.ofMinutes(10);
    for (String arg : args) {
      String value = arg.substring(arg.indexOf('=') + 1);
      if (arg.startsWith("--minutes=")) {
        time = Duration.ofSeconds((long) (Double.parseDouble(value) * 60));
      } else if (arg.startsWith("--seconds=")) {
        time = Duration.ofSeconds(Long.parseLong(value));
      } else if (arg.startsWith("--seed=")) {
        seed = Long.parseLong(value);
      } else {
        System.err.println("fuzz: unknown option " + arg);
        System.exit(2);
      }
    }
    PrintStream out = System.out;
    Fuzz fuzz = new Fuzz(seed, out);
    fuzz.addConformanceCases();
    out.printf(
        Locale.ROOT,
        "fuzz: seed %d, %d seed expressions, %d s%n",
        seed,
        fuzz.seeds.size(),
        time.toSeconds());
    try (ScheduledExecutorService watcher = Executors.newSingleThreadScheduledExecutor()) {
      watcher.scheduleWithFixedDelay(fuzz::watch, 1, 1, TimeUnit.SECONDS);
      fuzz.run(time);
    }
    fuzz.failures.stream().limit(SHOWN).forEach(out::println);
    out.println(fuzz.summary());
    System.exit(fuzz.failures.isEmpty() ? 0 : 1);
  }

  /** Uses the inputs of the parser's conformance cases as seeds, if present. */
  private void addConformanceCases() throws IOException {
    String shared = System.getenv("NARTHEX_SHARED");
    Path file = Path.of(shared == null ? "../shared" : shared, "conformance/parse");
    file = file.resolve("expression_cases.json");
    if (Files.isReadable(file)) {
      for (JsonNode c : new ObjectMapper().readTree(file.toFile()).path("cases")) {
        String input = c.path("input").asText("");
        if (!input.isEmpty() && input.length() < 2_000) {
          seeds.add(input);
        }
      }
    }
  }

  /** Reports an input that does not end at all: the process ends then. */
  private void watch() {
    String text = current;
    if (text != null && System.nanoTime() - currentSince > ENDLESS_NANOS) {
      out.println("FAIL no end after " + ENDLESS_NANOS / 1_000_000_000L + " s: " + quoted(text));
      out.println("fuzz: stopped; seed " + seed);
      out.flush();
      Runtime.getRuntime().halt(1);
    }
  }

  /** Runs for some time; returns the failures, none when all is well. */
  Set<String> run(Duration time) {
    long end = System.nanoTime() + time.toNanos();
    while (System.nanoTime() - end < 0 && failures.size() < 1_000) {
      String text = random.nextInt(6) == 0 ? bytes() : mutated();
      inputs++;
      currentSince = System.nanoTime();
      current = text;
      one(text);
      current = null;
    }
    return failures;
  }

  String summary() {
    return String.format(
        Locale.ROOT,
        "fuzz: %d inputs, %d parsed, %d evaluated (%d ended by the time limit), slowest parse %.2f s,"
            + " slowest evaluation %.2f s %s, %d failures; seed %d",
        inputs,
        parsed,
        evaluated,
        timeouts,
        slowestParse / 1e9,
        slowestRun / 1e9,
        quoted(slowestText),
        failures.size(),
        seed);
  }

  private void one(String text) {
    long begun = System.nanoTime();
    boolean valid = false;
    try {
      valid = parser.parse(text) != null;
      parsed++;
    } catch (ParseException e) {
      // what users see
    } catch (RuntimeException | Error e) {
      failures.add("FAIL parse " + at(e) + ": " + quoted(text));
    }
    long took = System.nanoTime() - begun;
    slowestParse = Math.max(slowestParse, took);
    if (took > SLOW_NANOS) {
      failures.add("FAIL parse took " + took / 1_000_000 + " ms: " + quoted(text));
    }
    if (valid) {
      evaluate(text);
    }
  }

  private void evaluate(String text) {
    evaluated++;
    long begun = System.nanoTime();
    try {
      if (random.nextBoolean()) {
        var unused =
            engine.instant(text, endMs - random.nextInt(600_000), QueryEngine.Options.DEFAULT);
      } else {
        long start = endMs - random.nextInt(2_000_000);
        long step = 1 + random.nextInt(120_000);
        var unused =
            engine.range(
                text, start, start + step * random.nextInt(60), step, QueryEngine.Options.DEFAULT);
      }
    } catch (QueryException e) {
      if (e.kind() == QueryException.Kind.TIMEOUT) {
        timeouts++;
      } else if (e.kind() == QueryException.Kind.INTERNAL) {
        failures.add("FAIL internal error " + e.getMessage() + ": " + quoted(text));
      }
    } catch (RuntimeException | Error e) {
      failures.add("FAIL evaluation " + at(e) + ": " + quoted(text));
    }
    long took = System.nanoTime() - begun;
    if (took > slowestRun) {
      slowestRun = took;
      slowestText = text;
    }
    if (took > SLOW_NANOS) {
      failures.add("FAIL evaluation took " + took / 1_000_000 + " ms: " + quoted(text));
    }
  }

  private static String at(Throwable e) {
    StackTraceElement[] trace = e.getStackTrace();
    return e + (trace.length > 0 ? " at " + trace[0] : "");
  }

  /** Returns the text with invisible characters escaped. */
  private static String quoted(String text) {
    StringBuilder out = new StringBuilder("\"");
    String cut = text.length() > 600 ? text.substring(0, 600) + "…" : text;
    for (int i = 0; i < cut.length(); i++) {
      char c = cut.charAt(i);
      if (c < ' ' || c == 0x7f || Character.isSurrogate(c)) {
        out.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
      } else {
        out.append(c == '"' || c == '\\' ? "\\" : "").append(c);
      }
    }
    return out.append('"').toString();
  }

  /* inputs */

  private String bytes() {
    byte[] out = new byte[random.nextInt(200)];
    random.nextBytes(out);
    if (random.nextBoolean()) {
      for (int i = 0; i < out.length; i++) {
        out[i] = (byte) (' ' + (out[i] & 0x7f) % 95);
      }
    }
    return new String(
        out, random.nextBoolean() ? StandardCharsets.UTF_8 : StandardCharsets.ISO_8859_1);
  }

  private String any() {
    return seeds.get(random.nextInt(seeds.size()));
  }

  private String mutated() {
    StringBuilder text = new StringBuilder(any());
    for (int n = random.nextInt(5); n >= 0; n--) {
      int at = random.nextInt(text.length() + 1);
      switch (random.nextInt(11)) {
        case 0 -> text.insert(at, TOKENS.get(random.nextInt(TOKENS.size())));
        case 1 -> text.insert(at, ' ' + TOKENS.get(random.nextInt(TOKENS.size())) + ' ');
        case 2 -> text.delete(at, Math.min(text.length(), at + 1 + random.nextInt(6)));
        case 3 -> text.insert(at, any());
        case 4 -> text.insert(0, '(').append(") + (").append(any()).append(')');
        case 5 -> text.append("[1h:").append(1 + random.nextInt(600)).append("s]");
        case 6 -> text.insert(0, "sum_over_time((").append(")[10m:1m])");
        case 7 -> {
          if (at < text.length()) {
            text.setCharAt(at, (char) random.nextInt(0x250));
          }
        }
        case 8 -> {
          int to = at + random.nextInt(text.length() - at + 1);
          text.insert(at, text.substring(at, to));
        }
        case 9 -> {
          String open = List.of("(", "-", "sum(", "[", "{", "a+", "1^").get(random.nextInt(7));
          text.insert(at, open.repeat(1 << random.nextInt(random.nextInt(20) == 0 ? 14 : 7)));
        }
        default -> text.setLength(at);
      }
      if (text.length() > 60_000) {
        text.setLength(60_000);
      }
    }
    return text.toString();
  }
}
