package io.narthex.query.script;

import io.narthex.model.Labels;
import io.narthex.model.NativeHistogram;
import io.narthex.promql.Expr;
import io.narthex.promql.ParseException;
import io.narthex.promql.SeriesDescription;
import io.narthex.promql.SeriesDescription.Point;
import io.narthex.query.PromqlEngine;
import io.narthex.query.context.EngineOptions;
import io.narthex.query.script.ScriptCommand.Clear;
import io.narthex.query.script.ScriptCommand.Eval;
import io.narthex.query.script.ScriptCommand.Expectation;
import io.narthex.query.script.ScriptCommand.Expectation.Kind;
import io.narthex.query.script.ScriptCommand.Load;
import io.narthex.service.query.QueryEngine;
import io.narthex.service.query.QueryException;
import io.narthex.service.query.QueryResult;
import io.narthex.service.query.QueryResult.Data;
import io.narthex.service.query.QueryResult.Series;
import io.narthex.service.query.QueryResult.VectorSample;
import io.narthex.spi.storage.SampleBatch;
import io.narthex.spi.storage.Storage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Runs PromQL test scripts. Each {@code eval} counts as one case; the repetitions of instant evals
 * at other times and in range mode are counted apart.
 */
public final class PromqlTestRunner {
  /** The settings that test scripts are written for. */
  public static final EngineOptions OPTIONS =
      new EngineOptions(
          Duration.ofMinutes(5),
          Duration.ofSeconds(100),
          10_000,
          20,
          Duration.ofMinutes(1),
          true,
          true,
          false,
          true,
          true,
          true);

  /**
   * What became of scripts.
   *
   * @param total evals
   * @param passed evals that gave what was expected
   * @param extraTotal repetitions
   * @param extraPassed repetitions that gave what was expected
   * @param failures one text per eval that failed, {@code file:line: expression: what differs}
   * @param extraFailures the same for repetitions
   */
  public record Outcome(
      int total,
      int passed,
      int extraTotal,
      int extraPassed,
      List<String> failures,
      List<String> extraFailures) {
    /** Copies the lists. */
    public Outcome {
      failures = List.copyOf(failures);
      extraFailures = List.copyOf(extraFailures);
    }

    /** Returns the line {@code passed N of M}. */
    public String summary() {
      return "passed " + passed + " of " + total;
    }

    Outcome plus(Outcome o) {
      List<String> f = new ArrayList<>(failures);
      f.addAll(o.failures);
      List<String> x = new ArrayList<>(extraFailures);
      x.addAll(o.extraFailures);
      return new Outcome(
          total + o.total,
          passed + o.passed,
          extraTotal + o.extraTotal,
          extraPassed + o.extraPassed,
          f,
          x);
    }
  }

  private static final Outcome NOTHING = new Outcome(0, 0, 0, 0, List.of(), List.of());

  private final Supplier<? extends Storage> storages;
  private final EngineOptions options;

  /**
   * Creates a runner.
   *
   * @param storages gives a new, empty storage each time; the runner closes it
   * @param options settings of the engine
   */
  public PromqlTestRunner(Supplier<? extends Storage> storages, EngineOptions options) {
    this.storages = storages;
    this.options = options;
  }

  /** Runs all {@code .test} files of a folder in order of their names. */
  public Outcome runDirectory(Path directory) throws IOException {
    List<Path> files;
    try (Stream<Path> s = Files.list(directory)) {
      files = s.filter(p -> p.toString().endsWith(".test")).sorted().toList();
    }
    Outcome all = NOTHING;
    for (Path f : files) {
      String name = String.valueOf(f.getFileName());
      all = all.plus(run(name, Files.readString(f, StandardCharsets.UTF_8)));
    }
    return all;
  }

  /**
   * Runs one script.
   *
   * @throws IllegalArgumentException when the script itself is broken
   */
  public Outcome run(String name, String script) {
    return new Run(name).run(new ScriptReader(script).read());
  }

  /** One run of one script. */
  private final class Run {
    private final String file;
    private final List<String> failures = new ArrayList<>();
    private final List<String> extraFailures = new ArrayList<>();
    private int total;
    private int extras;
    private Storage storage = storages.get();
    private QueryEngine engine = new PromqlEngine(storage, () -> options);

    Run(String file) {
      this.file = file;
    }

    Outcome run(List<ScriptCommand> commands) {
      for (ScriptCommand c : commands) {
        switch (c) {
          case Clear _ -> {
            storage.close();
            storage = storages.get();
            engine = new PromqlEngine(storage, () -> options);
          }
          case Load l -> load(l);
          case Eval e -> {
            total++;
            String problem = guarded(e, () -> eval(e));
            if (problem != null) {
              failures.add(text(e, problem));
            }
            if (!e.range) {
              repeat(e);
            }
          }
        }
      }
      storage.close();
      return new Outcome(
          total,
          total - failures.size(),
          extras,
          extras - extraFailures.size(),
          failures,
          extraFailures);
    }

    private String text(Eval e, String problem) {
      return file + ":" + e.line + ": " + e.expression + ": " + problem;
    }

    private void load(Load l) {
      SampleBatch batch = new SampleBatch(1024);
      CustomBuckets custom = new CustomBuckets();
      for (Load.Line line : l.series()) {
        SeriesDescription d = line.description();
        long ref = storage.resolve(d.labels());
        NativeHistogram before = null;
        for (int i = 0; i < d.points().size(); i++) {
          Point p = d.points().get(i);
          if (p.omitted()) {
            continue;
          }
          long t = i * l.stepMs();
          NativeHistogram h = p.histogram();
          if (h != null) {
            NativeHistogram hinted = ResetHints.after(before, h);
            before = h;
            h = hinted;
          }
          int row = h == null ? batch.add(ref, t, p.value()) : batch.add(ref, t, h);
          long[] starts = line.starts();
          if (starts != null && starts[i] != Load.Line.NO_START) {
            batch.startTime(row, t + starts[i]);
          }
        }
        if (l.withCustomBuckets()) {
          custom.add(d.labels(), d.points());
        }
      }
      for (Map.Entry<Labels, Map<Integer, NativeHistogram>> e : custom.build().entrySet()) {
        long ref = storage.resolve(e.getKey());
        e.getValue().forEach((i, h) -> batch.add(ref, i * l.stepMs(), h));
      }
      var result = storage.append(batch);
      if (!result.allOk()) {
        throw new IllegalStateException(
            file + ":" + l.line() + ": storage refused samples: " + result);
      }
    }

    /**
     * Runs something that gives a problem or null; a failed query is checked against the script.
     */
    private @Nullable String guarded(Eval e, Supplier<@Nullable String> what) {
      List<Expectation> fail = e.expectations.stream().filter(x -> x.kind() == Kind.FAIL).toList();
      try {
        String problem = what.get();
        return fail.isEmpty() ? problem : "expected the query to fail";
      } catch (QueryException x) {
        String message = String.valueOf(x.getMessage());
        if (fail.isEmpty()) {
          return "query failed: " + message;
        }
        return fail.stream().allMatch(f -> ResultCheck.matches(f, message))
            ? null
            : "expected error " + fail.get(0).text() + ", got " + message;
      } catch (RuntimeException x) {
        return "internal error: "
            + x
            + (x.getStackTrace().length > 0 ? " at " + x.getStackTrace()[0] : "");
      }
    }

    private @Nullable String eval(Eval e) {
      if (e.range) {
        QueryResult r =
            engine.range(e.expression, e.startMs, e.endMs, e.stepMs, QueryEngine.Options.DEFAULT);
        String problem =
            ResultCheck.matrix(e, ((Data.Matrix) r.data()).series(), e.startMs, e.stepMs);
        return problem != null ? problem : ResultCheck.annotations(e, r);
      }
      long[] vector = e.rangeVector;
      long time = vector != null ? vector[1] : e.startMs;
      QueryResult r = engine.instant(e.expression, time, QueryEngine.Options.DEFAULT);
      String problem = values(e, r.data());
      return problem != null ? problem : ResultCheck.annotations(e, r);
    }

    private @Nullable String values(Eval e, Data data) {
      long[] vector = e.rangeVector;
      if (vector != null) {
        return data instanceof Data.Matrix m
            ? ResultCheck.matrix(e, m.series(), vector[0], vector[2])
            : "expected a range vector, got " + data.getClass().getSimpleName();
      }
      String wantText = e.text;
      return switch (data) {
        case Data.Text t ->
            wantText == null
                ? "unexpected text " + t.value()
                : wantText.equals(t.value()) ? null : "expected " + wantText + ", got " + t.value();
        case Data.Scalar s -> scalar(e, s.value());
        case Data.Vector v ->
            wantText != null || e.scalar != null
                ? "expected another type, got a vector"
                : ResultCheck.vector(e.results, v.samples(), e.ordered);
        case Data.Matrix m -> "unexpected range vector of " + m.series().size() + " series";
      };
    }

    private @Nullable String scalar(Eval e, double got) {
      Double want = e.scalar;
      if (want == null) {
        return "unexpected scalar " + got;
      }
      return ResultCheck.same(want, got) ? null : "expected " + want + ", got " + got;
    }

    /* repetitions */

    private void repeat(Eval e) {
      if (e.rangeVector == null) {
        extra(e, "range mode", () -> asRange(e, e.expression, e.startMs));
      }
      String pinned;
      try {
        pinned = PinnedTime.pin(PromqlEngine.parser(options).parse(e.expression), e.startMs);
        if (pinned != null) {
          Expr unused =
              PromqlEngine.parser(options).parse(pinned); // a failure has to be the query's
        }
      } catch (ParseException x) {
        extras++;
        extraFailures.add(text(e, "cannot be pinned: " + x.getMessage()));
        return;
      }
      if (pinned == null) {
        return;
      }
      long t = e.startMs;
      long[] times =
          t == 0 ? new long[] {-1000, 0, 1000} : new long[] {-10 * t, 0, t / 5, t, 10 * t};
      for (long time : times) {
        extra(
            e,
            "pinned at " + time + "ms as " + pinned,
            () -> {
              QueryResult r = engine.instant(pinned, time, QueryEngine.Options.DEFAULT);
              String problem = values(e, r.data());
              return problem != null ? problem : ResultCheck.annotations(e, r);
            });
        if (e.rangeVector == null) {
          extra(e, "pinned, range mode at " + time + "ms", () -> asRange(e, pinned, time));
        }
      }
    }

    private void extra(Eval e, String what, Supplier<@Nullable String> run) {
      boolean rangeMode = what.contains("range mode");
      if (rangeMode && (e.ordered || e.text != null || PinnedTime.usesQueryTimes(e.expression))) {
        return;
      }
      extras++;
      String problem = guarded(e, run);
      if (problem != null) {
        extraFailures.add(text(e, what + ": " + problem));
      }
    }

    private @Nullable String asRange(Eval e, String expression, long time) {
      QueryResult r =
          engine.range(
              expression, time - 60_000, time + 60_000, 60_000, QueryEngine.Options.DEFAULT);
      List<Series> all = ((Data.Matrix) r.data()).series();
      String unsorted = ResultCheck.unsorted(all);
      if (unsorted != null) {
        return unsorted;
      }
      List<VectorSample> middle = new ArrayList<>();
      for (Series s : all) {
        for (int i = 0; i < s.timesMs().length; i++) {
          if (s.timesMs()[i] == time) {
            middle.add(new VectorSample(s.labels(), time, s.values()[i], null));
          }
        }
        for (int i = 0; i < s.histogramTimesMs().length; i++) {
          if (s.histogramTimesMs()[i] == time) {
            middle.add(new VectorSample(s.labels(), time, 0, s.histograms()[i]));
          }
        }
      }
      if (e.scalar != null) {
        return middle.size() == 1 ? scalar(e, middle.get(0).value()) : "no scalar";
      }
      return ResultCheck.vector(e.results, middle, false);
    }
  }
}
