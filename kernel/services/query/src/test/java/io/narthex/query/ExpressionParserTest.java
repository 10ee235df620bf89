package io.narthex.query;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.promql.Functions;
import io.narthex.query.context.EngineOptions;
import io.narthex.query.functions.FunctionKernel;
import io.narthex.query.functions.FunctionTable;
import io.narthex.query.functions.PluginFunctions;
import io.narthex.service.query.QueryException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.Test;

@NullUnmarked
class ExpressionParserTest {
  /** What an engine knows that has {@code rate()} only, with the grammar of this version. */
  private static final FunctionTable OLD = table();

  private static FunctionTable table() {
    FunctionKernel rate = Objects.requireNonNull(FunctionTable.builtIn().get("rate"));
    return FunctionTable.match(Functions.all(), List.of(rate));
  }

  private static void parse(String expression) {
    new ExpressionParser(OLD, PluginFunctions.NONE, refusal -> {})
        .parse(expression, EngineOptions.DEFAULT, PluginFunctions.NONE.lease(), () -> {});
  }

  @Test
  void refusesAFunctionThatOnlyTheGrammarKnows() {
    assertThatThrownBy(() -> parse("1 +\n sum(abs(rate(m[5m])))"))
        .isInstanceOfSatisfying(
            QueryException.class,
            e -> {
              assertThat(e.kind()).isEqualTo(QueryException.Kind.BAD_DATA);
              assertThat(e.unknownFunction()).isEqualTo("abs");
            })
        .hasMessage("2:6: parse error: unknown function with name \"abs\"");
  }

  @Test
  void parsesWhatBothKnow() {
    parse("sum(rate(m[5m])) / 2");
  }

  @Test
  void featuresLeaveOutWhatTheEngineLacks() {
    Map<String, Boolean> functions =
        LanguageFeatures.of(EngineOptions.DEFAULT, OLD).get("promql_functions");
    assertThat(functions).containsOnlyKeys("rate");
  }
}
