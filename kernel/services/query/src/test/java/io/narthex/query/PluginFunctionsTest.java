package io.narthex.query;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.model.Labels;
import io.narthex.query.context.EngineOptions;
import io.narthex.query.functions.PluginFunctions;
import io.narthex.service.query.FunctionRegistry;
import io.narthex.service.query.QueryEngine;
import io.narthex.service.query.QueryException;
import io.narthex.service.query.QueryResult.Data;
import io.narthex.spi.function.BuiltinNames;
import io.narthex.spi.function.PromqlFunction;
import io.narthex.spi.function.PromqlFunction.ArgumentType;
import io.narthex.spi.function.PromqlFunction.OfRange;
import io.narthex.spi.function.PromqlFunction.OfScalars;
import io.narthex.spi.function.PromqlFunction.OfVector;
import io.narthex.spi.storage.SampleBatch;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class PluginFunctionsTest {
  private static final QueryEngine.Options DEFAULT = QueryEngine.Options.DEFAULT;

  /** A registry with the functions put into it. */
  private static final class FakeRegistry implements FunctionRegistry {
    final Map<String, PromqlFunction> live = new HashMap<>();
    final Map<String, String> former = new HashMap<>();
    int open;

    @Override
    public Lease lease() {
      open++;
      return new Lease() {
        @Override
        public @Nullable PromqlFunction find(String name) {
          return live.get(name);
        }

        @Override
        public void close() {
          open--;
        }
      };
    }

    @Override
    public @Nullable String formerProvider(String name) {
      return former.get(name);
    }

    @Override
    public void reserve(Set<String> names) {}
  }

  private final FakeRegistry registry = new FakeRegistry();
  private final PromqlEngine engine =
      new PromqlEngine(storage(), () -> EngineOptions.DEFAULT, registry);

  private static TestStorage storage() {
    TestStorage storage = new TestStorage();
    SampleBatch batch = new SampleBatch(100);
    long ref = storage.resolve(Labels.of("__name__", "m", "a", "b"));
    for (int i = 0; i < 100; i++) {
      batch.add(ref, i * 10_000L, i);
    }
    storage.append(batch);
    return storage;
  }

  private void add(String name, PromqlFunction.Evaluation evaluation, ArgumentType... arguments) {
    registry.live.put(name, new PromqlFunction(name, List.of(arguments), evaluation));
  }

  private double[] range(String query) {
    Data.Matrix m = (Data.Matrix) engine.range(query, 100_000, 130_000, 10_000, DEFAULT).data();
    assertThat(m.series()).hasSize(1);
    assertThat(registry.open).isZero();
    return m.series().getFirst().values();
  }

  @Test
  void calculatesInstantVectorsSeriesBySeries() {
    add(
        "plus",
        (OfVector)
            (call, values, present) -> {
              for (int i = 0; i < values.length; i++) {
                values[i] += call.scalars(1)[i] + call.text(2).length();
              }
              present[0] = false;
            },
        ArgumentType.VECTOR,
        ArgumentType.SCALAR,
        ArgumentType.STRING);
    assertThat(range("plus(m, time(), \"abc\")")).containsExactly(124, 135, 146);
    Data.Matrix m =
        (Data.Matrix) engine.range("plus(m, 1, '')", 100_000, 120_000, 10_000, DEFAULT).data();
    assertThat(m.series().getFirst().labels().equals(Labels.of("a", "b"))).isTrue();
  }

  @Test
  void calculatesWindows() {
    add(
        "total",
        (OfRange)
            (call, windows, out, present) -> {
              for (int i = 0; i < out.length; i++) {
                for (int k = windows.from(i); k < windows.to(i); k++) {
                  assertThat(windows.timesMs()[k]).isLessThanOrEqualTo(windows.endMs(i));
                  out[i] += windows.values()[k];
                }
              }
            },
        ArgumentType.MATRIX);
    assertThat(range("total(m[30s])")).isEqualTo(range("sum_over_time(m[30s])"));
    assertThat(range("total((m + 1)[30s:5s])")).isEqualTo(range("sum_over_time((m + 1)[30s:5s])"));
  }

  @Test
  void calculatesScalars() {
    add(
        "twice",
        (OfScalars)
            (call, out) -> {
              for (int i = 0; i < out.length; i++) {
                out[i] = 2 * call.scalars(0)[i];
              }
            },
        ArgumentType.SCALAR);
    assertThat(range("twice(time())")).containsExactly(200, 220, 240, 260);
  }

  @Test
  void checksTypesAndNamesOfCalls() {
    add("one", (OfVector) (call, values, present) -> {}, ArgumentType.VECTOR);
    fails("one(1)", "expected type instant vector in call to function \"one\", got scalar");
    fails("one()", "expected 1 argument(s) in call to \"one\", got 0");
    fails("two(m)", "1:1: parse error: unknown function with name \"two\"");
    registry.former.put("two", "io.acme.two");
    fails(
        "two(m)",
        "unknown function with name \"two\"; plugin io.acme.two, which had it, is not running");
    assertThat(engine.format("one( m )")).isEqualTo("one(m)");
  }

  @Test
  void canonicalFormSaysWhetherFunctionsOfPluginsAreCalled() {
    add("one", (OfVector) (call, values, present) -> {}, ArgumentType.VECTOR);
    assertThat(engine.canonical("sum  by(a)( rate(m [5m]) )"))
        .isEqualTo(new QueryEngine.Canonical("sum by (a) (rate(m[5m]))", false));
    assertThat(engine.canonical("1+ -max( one(m) )"))
        .isEqualTo(new QueryEngine.Canonical("1 + -max(one(m))", true));
    assertThatThrownBy(() -> engine.canonical("sum("))
        .isInstanceOf(QueryException.class)
        .hasMessageContaining("parse error");
  }

  @Test
  void namesTheUnknownFunctionApartFromTheMessage() {
    assertThat(unknownFunction("two(m)")).isEqualTo("two");
    assertThat(unknownFunction("rate(m)")).isNull();
    assertThat(unknownFunction("\"unknown function with name\" + rate(m)")).isNull();
  }

  private @Nullable String unknownFunction(String query) {
    try {
      engine.format(query);
    } catch (QueryException e) {
      return e.unknownFunction();
    }
    throw new AssertionError(query + " is taken");
  }

  @Test
  void namesTheAbsentPluginWhenNothingElseIsWrong() {
    registry.former.put("two", "io.acme.two");
    for (String query :
        new String[] {
          "two(m)", "two(m) > bool 1", "sum(rate(m[1m])) / two(two(m), 3)", "-two(m[5m])[1h:]"
        }) {
      assertThat(missingPlugin(query)).as(query).isEqualTo("io.acme.two");
    }
    for (String query : new String[] {"two(m) + three(m)", "two(m) +", "two(m"}) {
      assertThat(missingPlugin(query)).as(query).isNull();
    }
  }

  private @Nullable String missingPlugin(String query) {
    try {
      engine.check(query);
    } catch (QueryException e) {
      return e.missingPlugin();
    }
    throw new AssertionError(query + " is accepted");
  }

  @Test
  void failureOfAPluginFailsTheQuery() {
    add(
        "bad",
        (OfVector)
            (call, values, present) -> {
              throw new IllegalStateException("no");
            },
        ArgumentType.VECTOR);
    fails("bad(m)", "function bad of a plugin failed: java.lang.IllegalStateException: no");
  }

  @Test
  void errorOfAPluginFailsTheQueryToo() {
    add(
        "deep",
        (OfScalars)
            (call, out) -> {
              throw new StackOverflowError();
            },
        ArgumentType.SCALAR);
    fails("deep(1)", "function deep of a plugin failed: java.lang.StackOverflowError");
    add(
        "wrong",
        (OfRange)
            (call, windows, out, present) -> {
              throw new AssertionError("no");
            },
        ArgumentType.MATRIX);
    fails("wrong(m[1m])", "function wrong of a plugin failed: java.lang.AssertionError: no");
  }

  @Test
  @SuppressWarnings("deprecation")
  void languageItselfIsReserved() {
    assertThat(PluginFunctions.reserved()).contains("rate", "sum", "offset", "limit_ratio");
    assertThat(PluginFunctions.reserved())
        .as("what is kept free before this bundle has started")
        .containsAll(BuiltinNames.all());
  }

  private void fails(String query, String message) {
    assertThatThrownBy(() -> engine.instant(query, 100_000, DEFAULT))
        .isInstanceOf(QueryException.class)
        .hasMessageContaining(message);
    assertThat(registry.open).isZero();
  }
}
