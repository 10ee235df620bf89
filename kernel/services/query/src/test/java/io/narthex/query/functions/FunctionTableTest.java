package io.narthex.query.functions;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.promql.AggregateOp;
import io.narthex.promql.Expr.RangeMode;
import io.narthex.promql.FunctionSignature;
import io.narthex.promql.Functions;
import io.narthex.promql.ValueType;
import io.narthex.query.functions.FunctionKernel.OfRange;
import io.narthex.query.functions.FunctionKernel.OfWindows;
import io.narthex.spi.function.BuiltinNames;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.Test;

/** Signatures of the grammar, kernels of the engine and the names of the API are the same set. */
@NullUnmarked
class FunctionTableTest {
  private static final FunctionSignature HALF =
      new FunctionSignature("half", List.of(ValueType.VECTOR), 0, ValueType.VECTOR, false);
  private static final FunctionKernel KERNEL = FunctionKernel.ofNumbers("half", (x, y) -> x / 2);

  @Test
  void findsTheKernelOfASignature() {
    assertThat(FunctionTable.match(List.of(HALF), List.of(KERNEL)).get("half")).isSameAs(KERNEL);
  }

  @Test
  void leavesOutASignatureWithoutKernel() {
    FunctionTable table = FunctionTable.match(List.of(HALF), List.of());
    assertThat(table.get("half")).isNull();
    assertThat(table.withoutKernel()).containsExactly("half");
    assertThat(table.withoutSignature()).isEmpty();
  }

  @Test
  void leavesOutAKernelWithoutSignature() {
    FunctionTable table = FunctionTable.match(List.of(), List.of(KERNEL));
    assertThat(table.get("half")).isNull();
    assertThat(table.withoutSignature()).containsExactly("half");
    assertThat(table.withoutKernel()).isEmpty();
  }

  @Test
  void grammarAndEngineOfOneVersionKnowTheSameFunctions() {
    assertThat(FunctionTable.builtIn().withoutKernel()).isEmpty();
    assertThat(FunctionTable.builtIn().withoutSignature()).isEmpty();
  }

  @Test
  void refusesTwoKernelsOfOneName() {
    assertThatThrownBy(() -> FunctionTable.match(List.of(HALF), List.of(KERNEL, KERNEL)))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("two kernels for half()");
  }

  @Test
  void hasTheKindOfKernelThatEachSignatureAsksFor() {
    FunctionTable table = FunctionTable.builtIn();
    for (FunctionSignature s : Functions.all()) {
      FunctionKernel.Evaluation e = table.get(s.name()).evaluation();
      assertThat(e instanceof OfWindows || e instanceof OfRange)
          .as(s.name())
          .isEqualTo(s.arguments().contains(ValueType.MATRIX));
    }
    assertThat(table.allowing(RangeMode.SMOOTHED)).containsExactly("delta", "increase", "rate");
  }

  @Test
  @SuppressWarnings("deprecation")
  void namesThatTheApiKeepsFreeAreThoseOfTheLanguage() {
    Set<String> named = new TreeSet<>(BuiltinNames.all());
    Functions.all().forEach(f -> named.remove(f.name()));
    Arrays.stream(AggregateOp.values()).forEach(op -> named.remove(op.text()));
    assertThat(named)
        .as("keywords, which are neither functions nor aggregations")
        .containsExactly(
            "anchored",
            "and",
            "atan2",
            "bool",
            "by",
            "fill",
            "fill_left",
            "fill_right",
            "group_left",
            "group_right",
            "ignoring",
            "inf",
            "nan",
            "offset",
            "on",
            "or",
            "smoothed",
            "unless",
            "without");
  }
}
