package io.narthex.testkit.function;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.spi.function.BuiltinNames;
import io.narthex.spi.function.FunctionProvider;
import io.narthex.spi.function.PromqlFunction;
import io.narthex.spi.function.PromqlFunction.ArgumentType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Tests for every set of PromQL functions. Extend it, implement how to create the provider, and add
 * tests of the results with {@link #call}.
 */
public abstract class FunctionProviderKit {
  private static final long T0 = 1_700_000_000_000L;
  private static final long STEP_MS = 15_000;
  private static final int STEPS = 12;
  private static final double CLOSE = 1e-9;

  /** For JUnit. */
  protected FunctionProviderKit() {}

  /** Returns the provider under test. */
  protected abstract FunctionProvider provider();

  /**
   * Returns the values that the kit tries for a scalar argument; override it when a function
   * accepts only some. Functions return NaN, and do not throw, for values outside their range.
   */
  protected double[] scalars(String function, int argument) {
    return new double[] {0.5, 1, 3};
  }

  /** Returns the string that the kit tries for a string argument. */
  protected String text(String function, int argument) {
    return "a";
  }

  /** Starts a call of a function at evaluation times in epoch milliseconds. */
  protected final FunctionRunner call(String function, long... stepsMs) {
    return FunctionRunner.of(
        provider().functions().stream()
            .filter(f -> f.name().equals(function))
            .findFirst()
            .orElseThrow(() -> new AssertionError("there is no function " + function)),
        stepsMs);
  }

  // ---- the set ---------------------------------------------------------------------------------

  @Test
  final void listsTheSameFunctionsEachTime() {
    FunctionProvider provider = provider();
    assertThat(provider.type()).matches("[a-z][a-z0-9_]*");
    assertThat(provider.functions()).isNotEmpty();
    assertThat(signatures(provider)).isEqualTo(signatures(provider)).doesNotHaveDuplicates();
  }

  private static List<String> signatures(FunctionProvider provider) {
    return provider.functions().stream().map(f -> f.name() + f.arguments()).toList();
  }

  @Test
  @SuppressWarnings("deprecation") // the server refuses later names
  final void takesNoNameOfTheLanguage() {
    List<String> names = provider().functions().stream().map(PromqlFunction::name).toList();
    assertThat(names)
        .as("names of functions")
        .doesNotHaveDuplicates()
        .allSatisfy(n ->
            assertThat(BuiltinNames.all())
                .as("built-in names; the server refuses a plugin that takes one")
                .doesNotContain(n.toLowerCase(Locale.ROOT)));
  }

  // ---- each function ---------------------------------------------------------------------------

  /** A series to test functions with. */
  private record Series(String what, long[] timesMs, double[] values) {}

  private static List<Series> series() {
    List<Series> all = new ArrayList<>();
    all.add(new Series("no sample", new long[0], new double[0]));
    all.add(new Series("one sample", new long[] {T0 + 3 * STEP_MS}, new double[] {42}));
    Random random = new Random(20_260_102); // the same numbers in every run
    int n = 100;
    long[] times = new long[n];
    double[] counter = new double[n];
    double[] gauge = new double[n];
    double[] extreme = new double[n];
    double[] extremes = {
      Double.NaN, 0, -0.0, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, Double.MAX_VALUE, 1
    };
    for (int i = 0; i < n; i++) {
      times[i] = T0 - 20 * STEP_MS + i * 5_000L + random.nextInt(900);
      counter[i] = i % 37 == 0 ? 0 : counter[i - 1] + random.nextInt(50);
      gauge[i] = random.nextGaussian() * 100;
      extreme[i] = extremes[random.nextInt(extremes.length)];
    }
    all.add(new Series("a counter with resets", times, counter));
    all.add(new Series("a gauge", times, gauge));
    all.add(new Series("NaN, infinities, zeros", times, extreme));
    return all;
  }

  private List<@Nullable Double> run(PromqlFunction f, Series series, int variant, long... steps) {
    FunctionRunner runner = FunctionRunner.of(f, steps);
    for (int i = 0; i < f.arguments().size(); i++) {
      switch (f.arguments().get(i)) {
        case SCALAR -> {
          double[] choice = scalars(f.name(), i);
          runner.scalar(choice[variant % choice.length]);
        }
        case STRING -> runner.text(text(f.name(), i));
        case MATRIX -> runner.matrix(4 * STEP_MS, series.timesMs(), series.values());
        case VECTOR -> {
          double[] values = new double[steps.length];
          boolean[] present = new boolean[steps.length];
          for (int s = 0; s < steps.length; s++) {
            int at = Arrays.binarySearch(series.timesMs(), steps[s]);
            int last = at < 0 ? -at - 2 : at;
            present[s] = last >= 0 && steps[s] - series.timesMs()[last] < 2 * STEP_MS;
            values[s] = present[s] ? series.values()[last] : 0;
          }
          runner.vector(values, present);
        }
      }
    }
    return runner.run();
  }

  private static long[] steps() {
    long[] steps = new long[STEPS];
    for (int i = 0; i < STEPS; i++) {
      steps[i] = T0 + i * STEP_MS;
    }
    return steps;
  }

  private interface Trial {
    void run(PromqlFunction f, Series series, int variant, String what);
  }

  private void each(Trial trial) {
    for (PromqlFunction f : provider().functions()) {
      int variants = 1;
      for (int i = 0; i < f.arguments().size(); i++) {
        if (f.arguments().get(i) == ArgumentType.SCALAR) {
          variants = Math.max(variants, scalars(f.name(), i).length);
        }
      }
      for (Series s : series()) {
        for (int v = 0; v < variants; v++) {
          trial.run(f, s, v, f.name() + "() of " + s.what() + ", scalars no. " + v);
        }
      }
    }
  }

  @Test
  final void answersForAnySamples() {
    each((f, series, variant, what) -> {
      try {
        assertThat(run(f, series, variant, steps())).as(what).hasSize(STEPS);
      } catch (RuntimeException e) {
        throw new AssertionError(what + " throws " + e + "; answer NaN or no value instead", e);
      }
    });
  }

  /** A range query gives the results of single queries. */
  @Test
  final void answersTheSameStepByStepAndAllAtOnce() {
    each((f, series, variant, what) -> {
      List<@Nullable Double> together = run(f, series, variant, steps());
      for (int i = 0; i < STEPS; i++) {
        Double alone = run(f, series, variant, steps()[i]).get(0);
        if (!same(together.get(i), alone)) {
          throw new AssertionError(
              what
                  + ": step "
                  + i
                  + " of "
                  + STEPS
                  + " gives "
                  + together.get(i)
                  + ", asked alone "
                  + alone);
        }
      }
    });
  }

  private static boolean same(@Nullable Double a, @Nullable Double b) {
    if (a == null || b == null) {
      return a == null && b == null;
    }
    return a.equals(b)
        || (double) a == b
        || Math.abs(a - b) <= CLOSE * Math.max(Math.abs(a), Math.abs(b));
  }

  @Test
  final void answersTheSameOnSeveralThreads() throws InterruptedException {
    FunctionProvider provider = provider();
    List<List<@Nullable Double>> expected = all(provider);
    AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    List<Thread> threads = new ArrayList<>();
    for (int t = 0; t < 4; t++) {
      Thread thread =
          new Thread(
              () -> {
                try {
                  for (int round = 0; round < 20; round++) {
                    assertThat(all(provider)).isEqualTo(expected);
                  }
                } catch (RuntimeException | Error e) {
                  failure.set(e);
                }
              },
              "function under test " + t);
      thread.start();
      threads.add(thread);
    }
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(failure.get()).as("functions are called by several threads at once").isNull();
  }

  private List<List<@Nullable Double>> all(FunctionProvider provider) {
    List<List<@Nullable Double>> results = new ArrayList<>();
    for (PromqlFunction f : provider.functions()) {
      for (Series s : series()) {
        results.add(run(f, s, 0, steps()));
      }
    }
    return results;
  }
}
